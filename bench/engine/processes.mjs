import { readdirSync, readFileSync } from 'node:fs';

/** Length of the kernel's tick in /proc: 100 a second on every Linux we know. */
const TICK_MS = 10;

/** CPU time in ms that a process has used since its start; undefined where there is no /proc. */
export function cpuMsOf(pid) {
  const fields = statOf(pid);
  return fields && (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** The same of a process and all its children, those that have ended included, but without `exceptPid`. */
export function cpuMsOfFamily(pid, exceptPid) {
  const parent = statOf(pid);
  if (!parent) return undefined;
  const own = parent.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * TICK_MS, 0);
  return childrenOf(pid)
    .filter((child) => child !== exceptPid)
    .reduce((sum, child) => sum + (cpuMsOf(child) ?? 0), own);
}

/** Parent of a process. */
export function parentOf(pid) {
  const fields = statOf(pid);
  return fields && Number(fields[1]);
}

function childrenOf(pid) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => parentOf(each) === pid);
}

/** The fields of /proc/<pid>/stat behind the name of the program, which may itself hold spaces and brackets. */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
