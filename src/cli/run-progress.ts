import { duration } from './layout.js';
import type { ServerEvent } from './server-events.js';
import type { Terminal } from './terminal.js';

const PHASES = [
  'INITIALIZATION',
  'BATCH_DISCOVERY',
  'STRATEGY_ANALYSIS',
  'GENERATION',
  'REVIEW',
  'DELIVERY',
] as const;

/** Writes one readable line per event worth reading. */
export class RunProgress {
  /** Fifths of a batch already told, by what is counted. */
  private readonly told = new Map<string, number>();

  constructor(private readonly terminal: Terminal) {}

  show({ event, data }: ServerEvent): void {
    const line = this.lineOf(event, data);
    if (line !== undefined) this.terminal.print(line);
  }

  private lineOf(event: string, data: ServerEvent['data']): string | undefined {
    const { terminal } = this;
    const agent = textOf(data['agent']).padEnd(22);
    switch (event) {
      case 'phase.entered':
        return this.phaseLine(textOf(data['phase']));
      case 'agent.progress':
      case 'agent.completed':
        return this.agentLine(agent, data);
      case 'agent.fallback':
        return `    ${agent}${terminal.style('yellow', 'failed, its fallback took over')}`;
      case 'agent.failed':
        return `    ${agent}${terminal.style('red', 'failed')}`;
      case 'approval.requested':
        return `    ${'approval'.padEnd(22)}${terminal.style('yellow', 'waiting for a person')}`;
      case 'approval.recorded':
        return `    ${'approval'.padEnd(22)}${textOf(data['decision']) || 'recorded'}`;
      case 'transition.denied':
        return `    ${terminal.style('red', 'denied')} ${rulesOf(data['violations'])}`;
      case 'delivery.progress':
        return this.deliveryLine(data);
      case 'workflow.retried':
        return `  ${terminal.style('yellow', 'retried')} attempt ${numberOf(data['attempt']) ?? ''}`;
      case 'workflow.completed':
        return `  ${terminal.style('green', 'completed')}`;
      case 'workflow.rejected':
      case 'workflow.cancelled':
      case 'workflow.failed':
        return `  ${terminal.style('red', event.slice('workflow.'.length))} ${textOf(data['reason'] ?? data['code'])}`;
      default:
        return undefined;
    }
  }

  private phaseLine(phase: string): string {
    // A phase can come again, when changes were requested; its batches then begin anew.
    this.told.clear();
    const place = PHASES.findIndex((known) => known === phase) + 1;
    return `  ${this.terminal.style('bold', phase)}${place > 0 ? ` (${place} of ${PHASES.length})` : ''}`;
  }

  private agentLine(agent: string, data: ServerEvent['data']): string | undefined {
    const took = numberOf(data['durationMs']);
    const time = took === undefined ? '' : duration(took);
    const note = data['degraded'] === true ? this.terminal.style('yellow', '  (fallback)') : '';
    const done = numberOf(data['done']);
    const total = numberOf(data['total']);
    if (done === undefined || total === undefined || total < 2) return `    ${agent}${time}${note}`;
    if (!this.worthTelling(agent, done, total)) return undefined;
    return `    ${agent}${done} of ${total} drafts${time && done === total ? `, ${time}` : ''}${note}`;
  }

  private deliveryLine(data: ServerEvent['data']): string | undefined {
    const [sent = 0, failed = 0, uncertain = 0, total = 0] = ['sent', 'failed', 'uncertain', 'total'].map(
      (name) => numberOf(data[name]),
    );
    if (!this.worthTelling('delivery', sent + failed + uncertain, total)) return undefined;
    const faults = [
      failed > 0 ? `, ${failed} failed` : '',
      uncertain > 0 ? `, ${uncertain} uncertain` : '',
    ].join('');
    return `    ${'delivery'.padEnd(22)}${sent} of ${total} sent${faults && this.terminal.style('red', faults)}`;
  }

  /** A batch is told in fifths, so that 10,000 recipients do not scroll everything away. */
  private worthTelling(what: string, done: number, total: number): boolean {
    if (total === 0) return false;
    const fifth = Math.floor((done * 5) / total);
    if (fifth === 0 || fifth === this.told.get(what)) return false;
    this.told.set(what, fifth);
    return true;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function rulesOf(violations: unknown): string {
  const list = Array.isArray(violations) ? (violations as { rule?: unknown; message?: unknown }[]) : [];
  return list.map(({ rule, message }) => `${textOf(rule)}: ${textOf(message)}`).join('; ');
}
