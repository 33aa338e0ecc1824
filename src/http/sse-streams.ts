/** What one server lets its event streams take. */
export interface SseLimits {
  /** Streams open at once. */
  readonly maxStreams: number;
  /** How long one may stand before its client is asked to come back, in milliseconds. */
  readonly maxAgeMs: number;
}

/** How a stream is looked after. */
export interface TendedStream {
  /** Sends a comment, or notices that the client reads nothing. */
  beat(): void;
  /** Ends the stream and asks its client to come back. */
  closeToReconnect(): void;
  readonly closed: Promise<void>;
}

const HEARTBEAT_SECONDS = 15;
const UNLIMITED: SseLimits = { maxStreams: Infinity, maxAgeMs: Infinity };

/**
 * The open streams of one server. One timer looks after all of them, a fifteenth each second, so that the heartbeats of
 * thousands are neither thousands of timers nor one long pause.
 */
export class SseStreams {
  private limits = UNLIMITED;
  /** Each stream with the number of heartbeats it has had. */
  private readonly slots = Array.from({ length: HEARTBEAT_SECONDS }, () => new Map<TendedStream, number>());
  private size = 0;
  private opened = 0;
  private second = 0;
  private timer: NodeJS.Timeout | undefined;

  limit(limits: SseLimits): void {
    this.limits = limits;
  }

  get isFull(): boolean {
    return this.size >= this.limits.maxStreams;
  }

  add(stream: TendedStream): void {
    const slot = this.slotOf(this.opened++);
    slot.set(stream, 0);
    this.size += 1;
    this.timer ??= setInterval(() => this.tick(), 1_000).unref();
    void stream.closed.then(() => this.remove(slot, stream));
  }

  closeAll(): void {
    for (const slot of this.slots) for (const stream of slot.keys()) stream.closeToReconnect();
  }

  private tick(): void {
    const slot = this.slotOf(this.second++);
    for (const [stream, beats] of slot) {
      const ageMs = (beats + 1) * HEARTBEAT_SECONDS * 1_000;
      // A key that was revoked, or a load that should be shared with a new replica, is noticed by coming back.
      if (ageMs > this.limits.maxAgeMs) stream.closeToReconnect();
      else stream.beat();
      slot.set(stream, beats + 1);
    }
  }

  private remove(slot: Map<TendedStream, number>, stream: TendedStream): void {
    slot.delete(stream);
    this.size -= 1;
    if (this.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private slotOf(count: number): Map<TendedStream, number> {
    return this.slots[count % HEARTBEAT_SECONDS] as Map<TendedStream, number>;
  }
}
