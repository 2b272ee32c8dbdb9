/** For what only we know, such as a receiver's answer: a hiccup of Postgres is waited out, about three seconds in all. */
export async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (const pauseMs of [100, 200, 400, 800, 1_600]) {
    try {
      return await work();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
  return work();
}
