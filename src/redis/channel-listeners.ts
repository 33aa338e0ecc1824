import { Logger } from '@nestjs/common';
import type { MessageListener } from './shared-store.js';

/** Who listens to which channel in this process. */
export class ChannelListeners {
  private readonly logger = new Logger(ChannelListeners.name);
  private readonly byChannel = new Map<string, Set<MessageListener>>();

  /** Answers whether this is the channel's first listener. */
  add(channel: string, listener: MessageListener): boolean {
    const listeners = this.byChannel.get(channel) ?? new Set();
    this.byChannel.set(channel, listeners.add(listener));
    return listeners.size === 1;
  }

  /** Answers whether it was the channel's last listener. */
  remove(channel: string, listener: MessageListener): boolean {
    const listeners = this.byChannel.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return false;
    this.byChannel.delete(channel);
    return true;
  }

  clear(): void {
    this.byChannel.clear();
  }

  /** Tells them all; one that throws does not keep the others from hearing. */
  tell(channel: string, message: string): void {
    for (const listener of this.byChannel.get(channel) ?? []) {
      try {
        listener(message);
      } catch (error) {
        this.logger.error({ event: 'shared_store.listener_failed', channel, err: error }, 'a listener threw');
      }
    }
  }
}
