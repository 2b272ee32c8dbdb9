import type { Route } from './route.ts';

export type RouteMatch =
  | { type: 'found'; route: Route; params: Record<string, string> }
  /** `route` is one that the path has. */
  | { type: 'wrong_method'; allow: string[]; route: Route }
  | { type: 'unknown' };

export type Router = (method: string, path: string) => RouteMatch;

/** Finds the route of a request. A GET route answers HEAD as well; a segment that is not valid UTF-8 matches nothing. */
export function createRouter(routes: Route[]): Router {
  const compiled = routes.map((route) => ({ route, segments: route.path.split('/').map(parseSegment) }));

  return (method, path) => {
    const given = path.split('/').map(decodeSegment);
    const fitting = compiled.flatMap(({ route, segments }) => {
      const params = matchSegments(segments, given);
      return params ? [{ route, params, generality: Object.keys(params).length }] : [];
    });
    if (fitting.length === 0) return { type: 'unknown' };
    // `/ruleset/dry-run` is not the ruleset of that id, whatever the method.
    const least = Math.min(...fitting.map(({ generality }) => generality));
    const matches = fitting.filter(({ generality }) => generality === least);
    const wanted = method === 'HEAD' ? 'GET' : method;
    const found = matches.find(({ route }) => route.method === wanted);
    if (found) return { type: 'found', route: found.route, params: found.params };
    const methods = new Set(
      matches.flatMap(({ route }) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method])),
    );
    return { type: 'wrong_method', allow: [...methods, 'OPTIONS'], route: matches[0]!.route };
  };
}

/** A text that stands for itself, or a parameter and what follows it: `{page}.json`. */
type Segment = string | { name: string; suffix: string };

function parseSegment(segment: string): Segment {
  const [, name, suffix] = /^\{(\w+)\}(.*)$/.exec(segment) ?? [];
  return name === undefined ? segment : { name, suffix: suffix! };
}

function matchSegments(segments: Segment[], given: (string | undefined)[]): Record<string, string> | undefined {
  if (segments.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const value = given[index];
    if (value === undefined) return undefined;
    if (typeof segment === 'string') {
      if (segment !== value) return undefined;
    } else if (!value.endsWith(segment.suffix)) return undefined;
    else params[segment.name] = value.slice(0, value.length - segment.suffix.length);
  }
  return params;
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
