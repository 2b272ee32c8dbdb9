/** Both with their charset, as they are sent. */
export const contentTypes = { json: 'application/json; charset=utf-8', csv: 'text/csv; charset=utf-8; header=present' };
export type ExportFormat = keyof typeof contentTypes;

/** What was asked for by name, else CSV where an Accept header likes it better than JSON (RFC 9110 §12.5.1), else JSON. */
export function formatOf(given: ExportFormat | undefined, accept: string | undefined): ExportFormat {
  if (given) return given;
  const qualities = qualitiesOf(accept ?? '');
  const qualityOf = (type: string, group: string) =>
    qualities.get(type) ?? qualities.get(`${group}/*`) ?? qualities.get('*/*') ?? 0;
  return qualityOf('text/csv', 'text') > qualityOf('application/json', 'application') ? 'csv' : 'json';
}

function qualitiesOf(accept: string): Map<string, number> {
  const ranges = accept.split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    return [type, quality === undefined ? 1 : Number.parseFloat(quality) || 0] as const;
  });
  return new Map(ranges);
}
