const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a month has such a day, in some year. Takes two digits each. */
export function isDay(day: string, month: string): boolean {
  const days = DAYS[Number(month) - 1];
  return days !== undefined && Number(day) >= 1 && Number(day) <= days;
}

/** Whether six digits are a date in the order day, month, year. */
export function isDayMonthYear(digits: string): boolean {
  return isDay(digits.slice(0, 2), digits.slice(2, 4));
}

/** Whether six digits are a date in the order year, month, day. */
export function isYearMonthDay(digits: string): boolean {
  return isDay(digits.slice(4, 6), digits.slice(2, 4));
}
