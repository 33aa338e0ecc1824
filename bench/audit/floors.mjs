import { median, percentile } from '../engine/figures.mjs';

/** What must hold of what was measured, in the order of the table. */
export function floorsOf(report) {
  const { appends, proofs, exported, compliance, erasure } = report;
  return [
    ...(appends ? appendFloors(appends) : []),
    ...(proofs ? proofFloors(proofs) : []),
    ...(exported ? exportFloors(exported) : []),
    ...(compliance ? complianceFloors(compliance, appends) : []),
    ...(erasure ? [erasureFloor(erasure)] : []),
  ];
}

const shareOf = ({ bare, audited }) => (100 * audited) / bare;
const ratesOf = ({ bare, audited }) => `${audited.toFixed(0)} of ${bare.toFixed(0)}/s`;

function appendFloors({ setups, sealLagsMs }) {
  const rows = [
    ['1/many', '1 client'],
    ['8/many', '8 clients, a tenant each'],
    ['8/hot', '8 clients, one tenant'],
    ['32/many', '32 clients, a tenant each'],
    ['32/hot', '32 clients, one tenant'],
  ].map(([key, what]) =>
    atLeast(`audited change to bare one, ${what}`, 75, shareOf(setups[key]), '%', ratesOf(setups[key])),
  );
  for (const clients of [8, 32]) {
    const [hot, many] = [setups[`${clients}/hot`], setups[`${clients}/many`]];
    rows.push(
      atLeast(`one tenant to a tenant each, ${clients} clients`, 90, (100 * hot.audited) / many.audited, '%'),
    );
  }
  rows.push(atMost('added to a change, 1 client, P50', 0.5, setups['1/many'].addedP50Ms, 'ms'));
  rows.push(
    atMost(
      'commit to place in the log, two sequencers, P95',
      250,
      percentile(sealLagsMs, 0.95),
      'ms',
      `P50 ${median(sealLagsMs).toFixed(0)} ms, ${sealLagsMs.length} events`,
    ),
  );
  return rows;
}

function proofFloors({ leaves, timesMs, bytes, checkMs, offlineCheckMs, fillSeconds }) {
  const of = `of ${leaves} leaves`;
  return [
    atMost(
      `proof of inclusion ${of}, P95`,
      5,
      percentile(timesMs, 0.95),
      'ms',
      `P50 ${median(timesMs).toFixed(2)} ms; filled in ${fillSeconds.toFixed(0)} s`,
    ),
    atMost(`its audit path`, 640, bytes, 'bytes'),
    atMost('checking it, product', 0.1, checkMs, 'ms'),
    atMost('checking it, offline verifier', 0.1, offlineCheckMs, 'ms'),
  ];
}

function exportFloors({ events, verifySeconds, exportSeconds }) {
  const note = `${events} events; exported at ${(events / exportSeconds).toFixed(0)}/s`;
  return [atLeast('whole export verified, one core', 50_000, events / verifySeconds, 'events/s', note)];
}

function complianceFloors({ quick, slow }, appends) {
  // What is committed with a change is part of its statement: at most what it adds to a change that is nothing else.
  const commitMs = appends ? slow.transitions * Math.max(0, appends.setups['1/many'].addedP50Ms) : 0;
  return [
    atMost(
      'compliance path of a run with 300 ms a model call',
      5,
      (100 * (slow.wallMs + commitMs)) / slow.runMs,
      '%',
      `${(slow.wallMs / slow.runs).toFixed(1)} ms of ${(slow.runMs / slow.runs).toFixed(0)} ms, ` +
        `${(slow.transitions / slow.runs).toFixed(0)} transitions`,
    ),
    atMost(
      'its processor time, per transition',
      3,
      quick.cpuMs / quick.transitions,
      'ms',
      `${quick.transitions} transitions`,
    ),
    atMost(
      'decision of the policies, P50',
      0.3,
      median(quick.decisionsMs),
      'ms',
      `${quick.decisionsMs.length} decisions`,
    ),
  ];
}

function erasureFloor({ values, milliseconds }) {
  return atMost(`erasure of a person with ${values} sealed values`, 1_000, milliseconds, 'ms');
}

function atLeast(what, floor, measured, unit, note = '') {
  return { what, floor, measured, unit, note, sense: 'at least', holds: measured >= floor };
}

function atMost(what, floor, measured, unit, note = '') {
  return { what, floor, measured, unit, note, sense: 'at most', holds: measured <= floor };
}

/** The floors as text, one line each. */
export function tableOf(floors) {
  const cells = [
    ['what', 'floor', 'measured', '', ''],
    ...floors.map(({ what, floor, measured, unit, note, sense, holds }) => [
      what,
      `${sense} ${floor} ${unit}`,
      `${figure(measured)} ${unit}`,
      holds ? 'holds' : 'DOES NOT HOLD',
      note,
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const [header, ...rest] = cells.map((line) =>
    line
      .map((cell, at) => (at === 2 ? cell.padStart(widths[at]) : cell.padEnd(widths[at])))
      .join('  ')
      .trimEnd(),
  );
  return [header, '-'.repeat(widths.reduce((sum, width) => sum + width + 2, 0)), ...rest, ''].join('\n');
}

/** Three digits that mean something. */
function figure(value) {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return value >= 1 ? value.toFixed(2) : value.toFixed(3);
}
