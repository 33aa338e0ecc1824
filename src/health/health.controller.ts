import { Controller, Get, Header, Res, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { AppConfig } from '../config/app-config.js';
import { InjectConfig } from '../config/inject-config.js';
import { Public } from '../http/public.js';
import { DetailedHealthDto, HealthDto } from './health.dto.js';
import { HealthIndicators, type HealthStatus } from './health-indicators.js';
import { type HealthReport, HealthService } from './health.service.js';
import { Readiness } from './readiness.js';

/** Probes for machines and a look inside for people. None of them tells a secret, so none asks for a key. */
@Public(true)
@ApiTags('Health')
@Controller({ version: VERSION_NEUTRAL })
export class HealthController {
  constructor(
    private readonly health: HealthService,
    private readonly indicators: HealthIndicators,
    private readonly readiness: Readiness,
    @InjectConfig('instance') private readonly instance: AppConfig['instance'],
    @InjectConfig('database') private readonly database: AppConfig['database'],
  ) {}

  @Get('health')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Overall health', security: [] })
  @ApiOkResponse({ type: HealthDto })
  @ApiServiceUnavailableResponse({ type: HealthDto, description: 'Unhealthy' })
  async overall(@Res({ passthrough: true }) reply: FastifyReply): Promise<{ status: HealthStatus }> {
    const { status } = await this.health.report(this.indicators.all());
    return answer(reply, { status });
  }

  /** Whether the process turns its event loop. Looks at nothing else: a restart mends no database. */
  @Get(['health/live', 'live'])
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Liveness: the process runs', security: [] })
  @ApiOkResponse({ type: HealthDto })
  live(): { status: HealthStatus } {
    return { status: 'healthy' };
  }

  @Get(['health/ready', 'ready'])
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Readiness: this instance can take requests', security: [] })
  @ApiOkResponse({ type: HealthDto })
  @ApiServiceUnavailableResponse({ type: HealthDto, description: 'Unhealthy' })
  async ready(
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<HealthReport | { status: HealthStatus }> {
    if (!this.readiness.isStarted || this.readiness.isDraining) return answer(reply, { status: 'unhealthy' });
    return answer(reply, await this.health.report(this.indicators.all().filter(({ critical }) => critical)));
  }

  @Get('health/startup')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Startup: this instance has finished starting', security: [] })
  @ApiOkResponse({ type: HealthDto })
  @ApiServiceUnavailableResponse({ type: HealthDto, description: 'Unhealthy' })
  startup(@Res({ passthrough: true }) reply: FastifyReply): { status: HealthStatus } {
    return answer(reply, { status: this.readiness.isStarted ? 'healthy' : 'unhealthy' });
  }

  @Get('health/detailed')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Health of every component', security: [] })
  @ApiOkResponse({ type: DetailedHealthDto })
  @ApiServiceUnavailableResponse({ type: DetailedHealthDto, description: 'Unhealthy' })
  async detailed(@Res({ passthrough: true }) reply: FastifyReply): Promise<DetailedHealth> {
    const report = await this.health.report(this.indicators.all());
    return answer(reply, {
      ...report,
      version: this.instance.version,
      uptimeSeconds: Math.floor(process.uptime()),
      auditTier: this.database.tier,
    });
  }
}

interface DetailedHealth extends HealthReport {
  readonly version: string;
  readonly uptimeSeconds: number;
  /** `embedded` means that the audit trail lies on this machine only. */
  readonly auditTier: 'server' | 'embedded';
}

function answer<T extends { status: HealthStatus }>(reply: FastifyReply, body: T): T {
  void reply.status(body.status === 'unhealthy' ? 503 : 200);
  return body;
}
