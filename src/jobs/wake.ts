/** Lets one loop sleep until it is called or its time is over. A call while it is busy is not lost. */
export class Wake {
  private pending = Promise.withResolvers<void>();

  /** Ends the present sleep, or the next one if the loop is awake. */
  notify(): void {
    this.pending.resolve();
  }

  /** The next sleep. To be taken before the look at what there is to do, so that no call falls between. */
  next(milliseconds: number): Promise<void> {
    const pending = (this.pending = Promise.withResolvers<void>());
    const timer = setTimeout(() => pending.resolve(), milliseconds);
    return pending.promise.finally(() => clearTimeout(timer));
  }
}
