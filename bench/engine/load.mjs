import { setTimeout as wait } from 'node:timers/promises';
import { runKey } from './workload.mjs';

/** How often the runs are looked at where a system is observed: many at once, or one alone. */
const OBSERVE_MANY_MS = 5;
const OBSERVE_ONE_MS = 1;
/** Runs of the warm-up that are driven before the clock is looked at. */
const WARM_UP_BATCH = 50;
/** So long the last starts at a steady rate are waited for; one not accepted by then counts as lasting until then. */
const START_PATIENCE_MS = 5_000;
/** So long nothing may happen before a system is given up. */
const STALL_MS = 60_000;

/** Submits runs, approves each as soon as it waits, and knows when it is done. */
export class Load {
  constructor() {
    this.numbers = 0;
    /** The first thing that went wrong, whether somebody waited for it or not. */
    this.fault = undefined;
    this.done = new Map();
    this.approvedAt = new Map();
    this.wentOnAfterMs = [];
    this.listeners = {
      onWaiting: (key) => this.approve(key),
      onDone: (key) => this.settle(key),
      onFault: (error) => this.fail(error),
      onWentOn: (key, at) => this.wentOnAfterMs.push(at - this.approvedAt.get(key)),
    };
  }

  /** Drives runs for so long, so that every system has compiled its code and filled its caches. */
  async warmUp(seconds, inFlight) {
    const until = performance.now() + seconds * 1_000;
    do await this.together(WARM_UP_BATCH, inFlight);
    while (performance.now() < until);
  }

  /** What the system's own store says, and what it should say. @throws what went wrong since the start. */
  async completed() {
    if (this.fault) throw this.fault;
    return { submitted: this.numbers, ...(await this.system.completed()) };
  }

  /** Drives so many runs with at most so many unfinished at a time; gives the ms from the first start to the last end. */
  async together(count, inFlight) {
    this.system.observeEvery(OBSERVE_MANY_MS);
    const startedAt = performance.now();
    let left = count;
    const lane = async () => {
      while (left-- > 0) await this.run();
    };
    await Promise.all(Array.from({ length: Math.min(inFlight, count) }, lane));
    return performance.now() - startedAt;
  }

  /** Drives runs one after the other; gives the ms of each from submission to its end. */
  async alone(count) {
    this.system.observeEvery(OBSERVE_ONE_MS);
    this.wentOnAfterMs = [];
    const durations = [];
    for (let index = 0; index < count; index++) {
      const startedAt = performance.now();
      await this.run();
      durations.push(performance.now() - startedAt);
    }
    return { durations, wentOnAfterMs: this.wentOnAfterMs };
  }

  /** Starts runs at a steady rate whatever becomes of them; gives the ms from when each was due to its acceptance. */
  async atRate(rate, seconds) {
    this.system.observeEvery(OBSERVE_MANY_MS);
    const startedAt = performance.now();
    const starts = [];
    for (let index = 0; index < rate * seconds; index++) {
      const dueAt = startedAt + (index * 1_000) / rate;
      const early = dueAt - performance.now();
      if (early > 0) await wait(early);
      const { key, ended } = this.next();
      // Only the starts are of interest here: the last runs are abandoned with the system.
      ended.catch(() => undefined);
      const start = { dueAt, acceptedAt: undefined };
      starts.push(start);
      start.accepted = this.system.start(key).then(() => (start.acceptedAt = performance.now()));
    }
    await Promise.race([Promise.all(starts.map(({ accepted }) => accepted)), wait(START_PATIENCE_MS)]);
    const now = performance.now();
    return starts.map(({ dueAt, acceptedAt = now }) => acceptedAt - dueAt);
  }

  async run() {
    const { key, ended } = this.next();
    const stalled = setTimeout(() => this.fail(new Error(`run "${key}" stalled`)), STALL_MS);
    try {
      await this.system.start(key);
      await ended;
    } finally {
      clearTimeout(stalled);
    }
  }

  next() {
    const key = runKey(++this.numbers);
    const { promise, resolve, reject } = Promise.withResolvers();
    this.done.set(key, { resolve, reject });
    return { key, ended: promise };
  }

  approve(key) {
    if (this.approvedAt.has(key)) return;
    this.approvedAt.set(key, performance.timeOrigin + performance.now());
    this.system.approve(key).catch((error) => this.fail(error));
  }

  settle(key) {
    this.done.get(key)?.resolve();
    this.done.delete(key);
  }

  fail(error) {
    this.fault ??= error;
    for (const { reject } of this.done.values()) reject(error);
    this.done.clear();
  }
}
