import { stringify } from 'csv-stringify/sync';

export type Cell = string | number | readonly string[] | null;

/** A column that stands in every row, or one for each of some names of what the row has under this key. */
export type CsvColumn = string | { key: string; heading: string; names: readonly string[] };

type CsvRow = Readonly<Record<string, Cell | Readonly<Record<string, Cell>>>>;

export function csvHeader(columns: readonly CsvColumn[]): string {
  return lines([
    columns.flatMap((column) =>
      typeof column === 'string' ? [column] : column.names.map((name) => `${column.heading}: ${name}`),
    ),
  ]);
}

export function csvRows(columns: readonly CsvColumn[], rows: readonly CsvRow[]): string {
  return lines(
    rows.map((row) =>
      columns.flatMap((column) => {
        if (typeof column === 'string') return [row[column] as Cell];
        const values = row[column.key] as Readonly<Record<string, Cell>>;
        return column.names.map((name) => (Object.hasOwn(values, name) ? values[name]! : null));
      }),
    ),
  );
}

/** RFC 4180: lines end with CRLF; a cell with a comma, a quote or a line break is quoted, and quotes in it are doubled. */
function lines(rows: Cell[][]): string {
  return stringify(
    rows.map((cells) => cells.map(written)),
    { record_delimiter: 'windows', quote_record_delimiter: true },
  );
}

/** Several values in one cell stand one after the other. */
function written(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  return withoutFormula(typeof cell === 'string' ? cell : cell.join('; '));
}

/** Spreadsheets look past white space, marks that nobody sees, and quotes; the wide forms are those of Asian keyboards. */
const startsFormula = /^(?:[\t\r\n]|[\s\p{C}"'`‘’“”]*[=+\-@\uff1d\uff0b\uff0d\uff20])/u;

/**
 * Whoever opens the file shall not run what a sender wrote (https://owasp.org/www-community/attacks/CSV_Injection): a text
 * that a spreadsheet could take for a formula gets an apostrophe before it, which makes it a text there.
 */
function withoutFormula(text: string): string {
  return startsFormula.test(text) ? `'${text}` : text;
}
