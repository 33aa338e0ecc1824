import { Inject, Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { ERROR_CATALOGUE, type ErrorCode } from '../kernel/error-catalogue.js';
import {
  BREAKER_STATES,
  END_STATUSES,
  HTTP_BUCKETS,
  MODEL_BUCKETS,
  PHASE_BUCKETS,
  SEAL_LAG_BUCKETS,
  WEBHOOK_OUTCOMES,
} from './metric-names.js';

/** Nest injection token of the registry that `/metrics` shows. */
export const METRICS_REGISTRY = Symbol('METRICS_REGISTRY');

export interface ModelUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number;
}

export interface BreakerReading {
  readonly name: string;
  readonly state: (typeof BREAKER_STATES)[number];
}

/** One value of a gauge with labels. */
export interface GaugeReading {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * What the product counts. Labels are closed sets: never a tenant, a run, a path as it was asked for or
 * the text of an error.
 */
@Injectable()
export class Metrics {
  private readonly httpRequests: Counter<'method' | 'route' | 'status'>;
  private readonly httpDuration: Histogram<'method' | 'route' | 'status'>;
  private readonly httpInProgress: Gauge;
  private readonly runs: Counter<'status'>;
  private readonly phaseDuration: Histogram<'phase'>;
  private readonly auditEvents: Counter<'type'>;
  private readonly sealedLeaves: Counter;
  private readonly sealLag: Histogram;
  private readonly auditFaults: Counter;
  private readonly anchorFailures: Counter;
  private readonly errors: Counter<'code'>;
  private readonly modelCalls: Counter<'provider' | 'outcome'>;
  private readonly modelTokens: Counter<'direction'>;
  private readonly modelDuration: Histogram<'provider'>;
  private readonly modelCost: Counter;
  private readonly piiFindings: Counter<'entity'>;
  private readonly deliveries: Counter<'channel' | 'status'>;
  private readonly webhookDeliveries: Counter<'outcome'>;

  constructor(@Inject(METRICS_REGISTRY) private readonly registry: Registry) {
    this.httpRequests = this.counter('http_requests_total', 'HTTP requests answered.', [
      'method',
      'route',
      'status',
    ]);
    this.httpDuration = this.histogram(
      'http_request_duration_seconds',
      'Time from the first byte of a request to the end of its answer.',
      ['method', 'route', 'status'],
      HTTP_BUCKETS,
    );
    this.httpInProgress = new Gauge({
      name: 'http_requests_in_progress',
      help: 'HTTP requests being answered.',
      registers: [registry],
    });
    this.runs = this.counter('workflow_runs_total', 'Runs that ended, by how they ended.', ['status']);
    this.phaseDuration = this.histogram(
      'workflow_phase_duration_seconds',
      'Time a run spent working in a phase.',
      ['phase'],
      PHASE_BUCKETS,
    );
    this.auditEvents = this.counter('audit_events_total', 'Audit events committed.', ['type']);
    this.sealedLeaves = this.counter('audit_sealed_leaves_total', 'Events sealed in audit logs.', []);
    this.sealLag = this.histogram(
      'audit_seal_lag_seconds',
      'Time from the record of an event to its place in the log.',
      [],
      SEAL_LAG_BUCKETS,
    );
    this.auditFaults = this.counter(
      'audit_log_faults_total',
      'Findings that an audit log is not what it must be.',
      [],
    );
    this.anchorFailures = this.counter(
      'audit_anchor_failures_total',
      'Checkpoints that an anchor did not take.',
      [],
    );
    this.errors = this.counter('errors_total', 'Error answers, by code of the catalogue.', ['code']);
    this.modelCalls = this.counter('llm_api_calls_total', 'Calls of model providers.', [
      'provider',
      'outcome',
    ]);
    this.modelTokens = this.counter('llm_api_tokens_total', 'Tokens sent to and received from models.', [
      'direction',
    ]);
    this.modelDuration = this.histogram(
      'llm_api_duration_seconds',
      'Duration of model calls.',
      ['provider'],
      MODEL_BUCKETS,
    );
    this.modelCost = this.counter('llm_cost_total', 'Cost of model calls in USD.', []);
    this.piiFindings = this.counter('pii_findings_total', 'Personal data found, by kind.', ['entity']);
    this.deliveries = this.counter('deliveries_total', 'Deliveries with a known or uncertain outcome.', [
      'channel',
      'status',
    ]);
    this.webhookDeliveries = this.counter(
      'webhook_deliveries_total',
      'Attempts to tell a webhook endpoint.',
      ['outcome'],
    );
    this.startAtZero();
  }

  /** A request arrived. */
  requestStarted(): void {
    this.httpInProgress.inc();
  }

  /**
   * A request that was reported as started is over; `route` is the pattern, never the path.
   *
   * @param seconds how long it took, or undefined where that says nothing about speed.
   */
  requestEnded(method: string, route: string, status: number, seconds: number | undefined): void {
    const labels = { method, route, status: String(status) };
    this.httpInProgress.dec();
    this.httpRequests.inc(labels);
    if (seconds !== undefined) this.httpDuration.observe(labels, seconds);
  }

  /** A run reached its end. */
  runEnded(status: string): void {
    this.runs.inc({ status });
  }

  /** A run left a phase after working in it for so long. */
  phaseEnded(phase: string, seconds: number): void {
    this.phaseDuration.observe({ phase }, seconds);
  }

  /** An audit event was committed. */
  auditAppended(type: string): void {
    this.auditEvents.inc({ type });
  }

  /** Events got their places in a log after these times. */
  leavesSealed(lagsSeconds: readonly number[]): void {
    this.sealedLeaves.inc(lagsSeconds.length);
    for (const lag of lagsSeconds) this.sealLag.observe(lag);
  }

  /** A log is not what it must be. */
  auditFaultFound(): void {
    this.auditFaults.inc();
  }

  /** An anchor did not take a checkpoint. */
  anchorFailed(): void {
    this.anchorFailures.inc();
  }

  /** An error was answered with a code of the catalogue. */
  errorAnswered(code: ErrorCode): void {
    this.errors.inc({ code });
  }

  /** A model call ended, well or not. */
  modelCalled(
    provider: string,
    outcome: 'success' | 'error' | 'timeout',
    seconds: number,
    usage?: ModelUsage,
  ): void {
    this.modelCalls.inc({ provider, outcome });
    this.modelDuration.observe({ provider }, seconds);
    if (!usage) return;
    this.modelTokens.inc({ direction: 'input' }, usage.inputTokens);
    this.modelTokens.inc({ direction: 'output' }, usage.outputTokens);
    this.modelCost.inc(usage.costUsd);
  }

  /** Personal data of one kind was found so many times. */
  piiFound(entity: string, count: number): void {
    this.piiFindings.inc({ entity }, count);
  }

  /** A delivery to one recipient has an outcome. */
  deliverySettled(channel: string, status: string): void {
    this.deliveries.inc({ channel, status });
  }

  /** A webhook endpoint was called. */
  webhookAttempted(outcome: (typeof WEBHOOK_OUTCOMES)[number]): void {
    this.webhookDeliveries.inc({ outcome });
  }

  /** Shows circuit breakers one-hot: per breaker one series a state, of which exactly one is 1. */
  breakerStates(read: () => readonly BreakerReading[]): void {
    const help = 'State of circuit breakers: 1 for the state each is in.';
    this.labelledGauge('circuit_breaker_state', help, ['name', 'state'], () =>
      read().flatMap(({ name, state }) =>
        BREAKER_STATES.map((candidate) => ({
          labels: { name, state: candidate },
          value: candidate === state ? 1 : 0,
        })),
      ),
    );
  }

  /**
   * A value read whenever metrics are collected. A reader that fails gives NaN: a number would be believed,
   * and a thrown error would take every other metric with it.
   */
  gauge(name: string, help: string, read: () => number | Promise<number>): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: async () => gauge.set(await settled(read, Number.NaN)),
    });
  }

  /** Values with labels read whenever metrics are collected; none while the reader fails. */
  labelledGauge(
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => readonly GaugeReading[] | Promise<readonly GaugeReading[]>,
  ): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect: async () => {
        const readings = await settled(read, []);
        gauge.reset();
        for (const { labels, value } of readings) gauge.set(labels, value);
      },
    });
  }

  private counter<T extends string>(name: string, help: string, labelNames: T[]): Counter<T> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private histogram<T extends string>(
    name: string,
    help: string,
    labelNames: T[],
    buckets: number[],
  ): Histogram<T> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.registry] });
  }

  /** A series that first appears at its first error makes `increase()` miss that error. */
  private startAtZero(): void {
    for (const code of Object.keys(ERROR_CATALOGUE)) this.errors.inc({ code }, 0);
    for (const status of END_STATUSES) this.runs.inc({ status }, 0);
    for (const direction of ['input', 'output'] as const) this.modelTokens.inc({ direction }, 0);
    for (const outcome of WEBHOOK_OUTCOMES) this.webhookDeliveries.inc({ outcome }, 0);
  }
}

async function settled<T>(read: () => T | Promise<T>, otherwise: T): Promise<T> {
  try {
    return await read();
  } catch {
    return otherwise;
  }
}
