import type { Route } from './route.ts';

export type RouteMatch =
  | { type: 'found'; route: Route; params: Record<string, string> }
  | { type: 'wrong_method'; allow: string[] }
  | { type: 'unknown' };

export type Router = (method: string, path: string) => RouteMatch;

/** Finds the route of a request. A GET route answers HEAD as well; a segment that is not valid UTF-8 matches nothing. */
export function createRouter(routes: Route[]): Router {
  const compiled = routes.map((route) => ({ route, segments: route.path.split('/') }));

  return (method, path) => {
    const given = path.split('/').map(decodeSegment);
    const matches = compiled.flatMap(({ route, segments }) => {
      const params = matchSegments(segments, given);
      return params ? [{ route, params }] : [];
    });
    if (matches.length === 0) return { type: 'unknown' };
    const wanted = method === 'HEAD' ? 'GET' : method;
    const found = matches.find(({ route }) => route.method === wanted);
    if (found) return { type: 'found', ...found };
    const methods = new Set(
      matches.flatMap(({ route }) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method])),
    );
    return { type: 'wrong_method', allow: [...methods, 'OPTIONS'] };
  };
}

function matchSegments(segments: string[], given: (string | undefined)[]): Record<string, string> | undefined {
  if (segments.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const value = given[index];
    if (value === undefined) return undefined;
    if (segment.startsWith('{')) params[segment.slice(1, -1)] = value;
    else if (segment !== value) return undefined;
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
