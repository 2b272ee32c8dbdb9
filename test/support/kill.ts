import { processStart, signalProcess, waitUntilGone } from '../../src/embedded/processes.ts';
import { poll } from './poll.ts';
import type { TestProduct } from './product.ts';

type Part = 'api' | 'worker' | 'postgres' | 'temporal';

/** SIGKILL to one process of the product, gone when this resolves; answers its pid. */
export async function kill(product: TestProduct, part: Part): Promise<number> {
  const pid = product.pids()[part]!;
  signalProcess(pid, 'SIGKILL');
  await waitUntilGone([pid], 30_000);
  return pid;
}

/** The pid that the supervisor launched after `killed`; it may still be starting. */
export function launchedAfter(product: TestProduct, part: Part, killed: number): Promise<number> {
  const isAnother = () => {
    const pid = product.pids()[part];
    return pid !== killed && pid !== undefined && processStart(pid) !== undefined && pid;
  };
  return poll(isAnother, { timeoutMs: 60_000, everyMs: 1, what: `${part} is launched again` });
}
