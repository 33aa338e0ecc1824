import { describe, expect, it } from 'vitest';
import { outboundTargetOf } from './outbound-target.js';

const STRICT = { allowHttp: false, allowPrivate: false };

describe('outboundTargetOf', () => {
  it.each([
    ['', 'unusable'],
    ['hooks.example.com', 'unusable'],
    ['ftp://hooks.example.com/', 'unusable'],
    ['javascript:alert(1)', 'unusable'],
    ['https://name:word@hooks.example.com/', 'credentials'],
    ['http://hooks.example.com/', 'insecure'],
    ['https://127.0.0.1/', 'private'],
    ['https://127.1/', 'private'],
    ['https://0x7f000001/', 'private'],
    ['https://2130706433/', 'private'],
    ['https://[::1]/', 'private'],
    ['https://[::ffff:10.0.0.1]/', 'private'],
    ['https://169.254.169.254/latest/meta-data', 'private'],
  ])('%s is %s', (text, fault) => expect(outboundTargetOf(text, STRICT)).toBe(fault));

  it.each(['https://hooks.example.com/a?b=c', 'https://1.1.1.1:8443/'])('%s may be called', (text) =>
    expect(outboundTargetOf(text, STRICT)).toEqual(new URL(text)),
  );

  it('lets through what is allowed, and nothing else with it', () => {
    const http = 'http://hooks.example.com/';
    expect(outboundTargetOf(http, { allowHttp: true, allowPrivate: false })).toEqual(new URL(http));
    expect(outboundTargetOf('http://10.0.0.1/', { allowHttp: true, allowPrivate: false })).toBe('private');
    expect(outboundTargetOf('http://10.0.0.1/', { allowHttp: false, allowPrivate: true })).toBe('insecure');
    expect(outboundTargetOf('https://10.0.0.1/', { allowHttp: false, allowPrivate: true })).toBeInstanceOf(
      URL,
    );
  });
});
