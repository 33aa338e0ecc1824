import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

/** Where this instance is in its life: starting, serving, or on its way out. */
@Injectable()
export class Readiness implements OnApplicationBootstrap, OnModuleDestroy {
  private state: 'starting' | 'serving' | 'draining' = 'starting';

  get isStarted(): boolean {
    return this.state !== 'starting';
  }

  get isDraining(): boolean {
    return this.state === 'draining';
  }

  /** Says no to new traffic from now on, while what is under way goes on. */
  drain(): void {
    this.state = 'draining';
  }

  onApplicationBootstrap(): void {
    this.state = 'serving';
  }

  onModuleDestroy(): void {
    this.drain();
  }
}
