// One change to many things: a few at a time, each by itself, and what was refused is told row by row.
import { words } from './api';

const TOGETHER = 6;

export interface Refused<T> {
  row: T;
  why: string;
}

export interface Outcome<T, R> {
  done: { row: T; result: R }[];
  refused: Refused<T>[];
}

export async function each<T, R>(rows: T[], run: (row: T) => Promise<R>, onOne?: (n: number) => void): Promise<Outcome<T, R>> {
  const outcome: Outcome<T, R> = { done: [], refused: [] };
  let next = 0;
  let ended = 0;
  async function worker(): Promise<void> {
    for (let i = next++; i < rows.length; i = next++) {
      const row = rows[i]!;
      try {
        outcome.done.push({ row, result: await run(row) });
      } catch (error) {
        outcome.refused.push({ row, why: words(error) });
      }
      onOne?.(++ended);
    }
  }
  await Promise.all(Array.from({ length: Math.min(TOGETHER, rows.length) }, worker));
  return outcome;
}
