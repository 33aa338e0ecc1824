import { type BeforeApplicationShutdown, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { closeSseStreams } from './sse.js';

/**
 * Lets the HTTP server stop without cutting anybody off: requests under way get their answer and the hint to
 * drop the connection, event streams are ended (their clients resume elsewhere), and whoever is still there
 * after the drain timeout is disconnected.
 */
@Injectable()
export class HttpDrain implements OnModuleDestroy, BeforeApplicationShutdown {
  private draining = false;

  constructor(
    private readonly host: HttpAdapterHost,
    @InjectConfig('server') private readonly config: AppConfig['server'],
  ) {}

  get isDraining(): boolean {
    return this.draining;
  }

  onModuleDestroy(): void {
    this.draining = true;
  }

  beforeApplicationShutdown(): void {
    const server = this.host.httpAdapter?.getHttpServer() as Server | undefined;
    if (!server) return;
    closeSseStreams(server);
    setTimeout(() => server.closeAllConnections(), this.config.drainTimeoutMs).unref();
  }
}
