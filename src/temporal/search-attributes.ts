import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { searchAttributeKeys } from './search-attribute-keys.ts';

const { IndexedValueType } = proto.temporal.api.enums.v1;
const alreadyExists = 6;

/** Registers what is missing in the namespace. Safe for several processes at once and on every start. */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  await addSearchAttributes(
    connection,
    namespace,
    searchAttributeKeys.filter((key) => !(key.name in (customAttributes ?? {}))),
  );
}

/** Adds keys; those that another process added meanwhile are no error. */
export async function addSearchAttributes(
  connection: Connection,
  namespace: string,
  keys: typeof searchAttributeKeys,
): Promise<void> {
  if (keys.length === 0) return;
  const searchAttributes = Object.fromEntries(
    keys.map(({ name, type }) => [
      name,
      type === 'INT' ? IndexedValueType.INDEXED_VALUE_TYPE_INT : IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    ]),
  );
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes }).catch((error) => {
    if ((error as { code?: number }).code !== alreadyExists) throw error;
  });
}
