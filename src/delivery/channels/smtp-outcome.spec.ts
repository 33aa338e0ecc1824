import { describe, expect, it } from 'vitest';
import { decideSmtpFailure, queueReferenceIn } from './smtp-outcome.js';

describe('decideSmtpFailure', () => {
  it.each([
    [{ code: 'EENVELOPE', responseCode: 550 }, false, 'failed', false],
    [{ code: 'EENVELOPE', responseCode: 450 }, false, 'failed', true],
    [{ code: 'EMESSAGE', responseCode: 554 }, true, 'failed', false],
    [{ code: 'EMESSAGE', responseCode: 451 }, true, 'failed', true],
    [{ code: 'EENVELOPE', responseCode: 503 }, false, 'failed', true],
    [{ code: 'EAUTH', responseCode: 535 }, false, 'failed', false],
    [{ code: 'EAUTH', responseCode: 454 }, false, 'failed', true],
    [{ code: 'ECONNECTION', responseCode: 421 }, true, 'failed', true],
    [{ code: 'ECONNECTION' }, true, 'uncertain', undefined],
    [{ code: 'ETIMEDOUT' }, true, 'uncertain', undefined],
    [{ code: 'EABORT' }, true, 'uncertain', undefined],
    // An answer to DATA that is neither yes nor no leaves it open.
    [{ code: 'EMESSAGE', responseCode: 354 }, true, 'uncertain', undefined],
    [{}, true, 'uncertain', undefined],
    [{ code: 'EABORT' }, false, 'failed', true],
    [{ code: 'ESOCKET' }, false, 'failed', true],
    [{ code: 'EDNS' }, false, 'failed', true],
    [{ code: 'ETIMEDOUT' }, false, 'failed', true],
    [{ code: 'ETLS' }, false, 'failed', true],
    [{}, false, 'failed', true],
    [{ code: 'EENVELOPE' }, false, 'failed', false],
    [{ code: 'ENOAUTH' }, false, 'failed', false],
  ])('%j with the message begun: %s is %s, retryable: %s', (failure, begun, status, retryable) => {
    const result = decideSmtpFailure(failure, begun);

    expect(result.status).toBe(status);
    expect('retryable' in result ? result.retryable : undefined).toBe(retryable);
  });
});

describe('queueReferenceIn', () => {
  it('keeps the queue id and nothing else of an answer', () => {
    expect(queueReferenceIn('250 2.0.0 Ok: queued as 4F1A2B for ada@example.org')).toBe('4F1A2B');
    expect(queueReferenceIn('250 accepted for ada@example.org')).toBeUndefined();
    expect(queueReferenceIn(undefined)).toBeUndefined();
  });
});
