// One change of many, in batches, so that it can be watched and stopped. Each batch is one request; what is done stays
// done. Pure but for what it is given.
export interface Outcome {
  done: number
  errors: string[]
}

const kBatch = 100

/** `done` hears after each batch; false from it: stop there. */
export async function inBatches<Item>(items: Item[], act: (batch: Item[]) => Promise<Outcome>, done: (sofar: Outcome, taken: number) => boolean): Promise<Outcome> {
  const sum: Outcome = { done: 0, errors: [] }
  for (let from = 0; from < items.length; from += kBatch) {
    const batch = items.slice(from, from + kBatch)
    try {
      const one = await act(batch)
      sum.done += one.done
      sum.errors.push(...one.errors)
    } catch (error) {
      sum.errors.push((error as Error).message)
    }
    if (!done({ ...sum }, Math.min(items.length, from + kBatch))) break
  }
  return sum
}

/** What an answer to many changes says: how many were done, and in words what was not. */
export function outcomeOf(part: { success: string[]; errors: Record<string, unknown>[] } | null, say: (problem: unknown, status: number) => string): Outcome {
  return {
    done: part?.success.length ?? 0,
    errors: (part?.errors ?? []).map((one) => say({ detail: one.error }, Number(one.status_code))),
  }
}
