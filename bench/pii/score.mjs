/** The kinds every detector claims to know: what the table compares. */
const KINDS = new Set(['EMAIL', 'PHONE', 'CREDIT_CARD', 'US_SSN', 'CA_SIN', 'IBAN', 'IP_ADDRESS', 'API_KEY']);

/** Other names of the same kinds, in the corpus and in the peers. */
const NAMES = {
  EMAIL_ADDRESS: 'EMAIL',
  PHONE_NUMBER: 'PHONE',
  IBAN_CODE: 'IBAN',
  SSN: 'US_SSN',
  US_SOCIAL_SECURITY_NUMBER: 'US_SSN',
  SIN_CA: 'CA_SIN',
  CANADIAN_SIN: 'CA_SIN',
  CREDIT_CARD_NUMBER: 'CREDIT_CARD',
  IPV4: 'IP_ADDRESS',
  IPV6: 'IP_ADDRESS',
  CREDIT_CARD_AND_EXPIRY: 'CREDIT_CARD',
};

/** One name for a kind, whoever names it. */
export function kindOf(entity) {
  const name = entity.toUpperCase().replace(/[ -]/g, '_');
  if (NAMES[name]) return NAMES[name];
  if (name.startsWith('PHONE')) return 'PHONE';
  if (/^IPV[46]/.test(name)) return 'IP_ADDRESS';
  if (/API_KEY|SECRET|TOKEN|PRIVATE_KEY|ACCESS_KEY|JWT|PASSWORD|_PAT$/.test(name)) return 'API_KEY';
  return name;
}

/**
 * Counts what a detector finds of the labelled values. A hit overlaps the value by at least half of the longer of the
 * two. Texts whose source labels one kind only count for that kind; hidden values and texts without any stand apart.
 */
export async function scoreOf(rows, detectIn) {
  const count = { hits: 0, misses: 0, wrong: 0, hidden: 0, hiddenHits: 0, clean: 0, falseHits: 0 };
  for (const row of rows) {
    const found = (await detectIn(row.text)).map(({ entity, start, end }) => ({
      entity: kindOf(entity),
      start,
      end,
    }));
    const relevant = found.filter(({ entity }) => KINDS.has(entity));
    if (row.isClean) {
      count.clean += row.text.length;
      count.falseHits += relevant.length;
    } else if (row.isHidden) countHidden(row, relevant, count);
    else countOpen(row, relevant, count);
  }
  const precision = count.hits / (count.hits + count.wrong);
  const recall = count.hits / (count.hits + count.misses);
  return {
    precision,
    recall,
    f2: (5 * precision * recall) / (4 * precision + recall),
    hidden: count.hiddenHits / count.hidden,
    falsePer10k: (count.falseHits / count.clean) * 10_000,
  };
}

function countHidden(row, found, count) {
  for (const span of row.spans.filter(({ entity }) => KINDS.has(entity))) {
    count.hidden++;
    if (found.some((one) => isHit(span, one))) count.hiddenHits++;
  }
}

function countOpen(row, found, count) {
  const spans = row.spans.filter(({ entity }) => KINDS.has(entity));
  const open = new Set(found.filter(({ entity }) => !row.scope || row.scope.includes(entity)));
  for (const span of spans) {
    const hit = [...open].find((one) => isHit(span, one));
    if (hit) open.delete(hit);
    count[hit ? 'hits' : 'misses']++;
  }
  count.wrong += open.size;
}

function isHit(span, one) {
  const shared = Math.min(span.end, one.end) - Math.max(span.start, one.start);
  return span.entity === one.entity && shared * 2 >= Math.max(span.end - span.start, one.end - one.start);
}
