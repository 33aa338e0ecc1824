import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../../kernel/app-error.js';
import type { ReportDocument } from './report-document.js';

/** Beside this file, compiled or not as this one is. */
const WORKER = new URL(`./pdf.worker${extname(import.meta.url)}`, import.meta.url);
/** Reports laid out at a time; each takes a processor for itself. */
const LANES = 2;
const MAX_WAITING = 20;
const TIME_LIMIT_MS = 30_000;
const MEMORY_MB = 512;

const waiting: (() => void)[] = [];
let busy = 0;

/**
 * The report as a PDF (A4), laid out in a thread of its own: what this process answers meanwhile does not wait for it.
 *
 * @throws AppError REPORT_NOT_READY when too many wait already or it takes too long.
 */
export async function pdfReport(report: ReportDocument): Promise<Buffer> {
  if (waiting.length >= MAX_WAITING) throw new AppError('REPORT_NOT_READY');
  if (busy >= LANES) await new Promise<void>((resolve) => waiting.push(resolve));
  else busy += 1;
  try {
    return await layOut(report);
  } finally {
    // The lane goes to whoever waits the longest.
    const next = waiting.shift();
    if (next) next();
    else busy -= 1;
  }
}

function layOut(report: ReportDocument): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(WORKER, {
      workerData: report,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    });
    const limit = setTimeout(() => {
      reject(new AppError('REPORT_NOT_READY'));
      void worker.terminate();
    }, TIME_LIMIT_MS);
    worker.once('message', (pdf: Uint8Array) => resolve(Buffer.from(pdf.buffer)));
    worker.once('error', reject);
    worker.once('exit', () => {
      clearTimeout(limit);
      reject(new Error('the thread that lays out reports ended without one'));
    });
  });
}
