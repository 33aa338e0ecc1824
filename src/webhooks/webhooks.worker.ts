import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { setTimeout as wait } from 'node:timers/promises';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { JobsService } from '../jobs/jobs.service.js';
import { EndpointTurn } from './delivery/endpoint-turn.service.js';
import { TurnDispatcher } from './delivery/turn-dispatcher.service.js';
import { FanOut } from './fan-out/fan-out.service.js';

/** Looks for new events and for what is due, and takes turns from the queue. */
@Injectable()
export class WebhooksWorker implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(WebhooksWorker.name);
  private readonly stopping = new AbortController();
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly jobs: JobsService,
    private readonly fanOut: FanOut,
    private readonly dispatcher: TurnDispatcher,
    private readonly turns: EndpointTurn,
    @InjectConfig('server') private readonly server: AppConfig['server'],
    @InjectConfig('webhooks') private readonly config: AppConfig['webhooks'],
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.server.role === 'api') return;
    await this.jobs.handle('webhooks.deliver', this.config.concurrentEndpoints, (turn, context) =>
      this.turns.serve(turn, context),
    );
    this.looking = this.look();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.looking;
  }

  private async look(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        const news = await this.fanOut.look();
        await this.handOut(news.tenants);
        if (news.hasEndpoints) await this.dispatcher.dispatch();
      } catch (error) {
        this.logger.warn({ event: 'webhooks.look_failed', err: error }, 'events wait for the next look');
      }
      await wait(this.config.pollMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** One batch of each tenant in turn, so that a busy one does not keep the others waiting. */
  private async handOut(withNews: readonly string[]): Promise<void> {
    let tenants = withNews;
    while (tenants.length > 0 && !this.stopping.signal.aborted) {
      const unfinished: string[] = [];
      for (const tenantId of tenants) {
        if (await this.fanOut.handOut(tenantId)) unfinished.push(tenantId);
      }
      tenants = unfinished;
      if (tenants.length > 0) await this.dispatcher.dispatch();
    }
  }
}
