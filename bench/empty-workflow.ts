/** The yardstick of incidents.ts: the least that the engine can do for a workflow. */
export async function empty(): Promise<void> {}
