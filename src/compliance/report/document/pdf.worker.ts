import { parentPort, workerData } from 'node:worker_threads';
import { layOutPdf } from './pdf-layout.ts';
import type { ReportDocument } from './report-document.ts';

/** The thread in which one report is laid out. */
const pdf = new Uint8Array(await layOutPdf(workerData as ReportDocument));
parentPort?.postMessage(pdf, [pdf.buffer]);
