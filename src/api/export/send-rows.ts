import type { Streamed } from '../route.ts';
import { type CsvColumn, csvHeader, csvRows } from './csv.ts';
import { contentTypes, type ExportFormat } from './format.ts';

type Send = Parameters<Streamed['write']>[0];

/** Writes rows in either format, as they come. */
export interface RowWriter<Row> {
  rows(rows: readonly Row[]): Promise<void>;
  /** Without it the JSON is none, so that a part is never taken for the whole. */
  end(): Promise<void>;
}

export function rowWriter<Row extends object>(
  format: ExportFormat,
  columns: readonly CsvColumn[],
  send: Send,
): RowWriter<Row> {
  let isFirst = true;
  if (format === 'csv') {
    const header = () => {
      const text = isFirst ? csvHeader(columns) : '';
      isFirst = false;
      return text;
    };
    return {
      rows: (rows) => send(header() + csvRows(columns, rows as never)),
      end: async () => (isFirst ? send(header()) : undefined),
    };
  }
  const opening = () => {
    const text = isFirst ? '[\n' : ',\n';
    isFirst = false;
    return text;
  };
  return {
    rows: (rows) => send(opening() + rows.map((row) => JSON.stringify(row)).join(',\n')),
    end: () => send(isFirst ? '[]\n' : '\n]\n'),
  };
}

export function headersOf(name: string, format: ExportFormat): Pick<Streamed, 'contentType' | 'headers'> {
  return {
    contentType: contentTypes[format],
    headers: { 'Content-Disposition': `attachment; filename="${name}.${format}"`, Vary: 'Accept' },
  };
}
