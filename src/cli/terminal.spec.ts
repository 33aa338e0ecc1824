import { describe, expect, it } from 'vitest';
import { FakeContext } from '../../test/harness/command-context.fake.js';

describe('Terminal', () => {
  it('nothing printed can steer the terminal; colours of our own pass', () => {
    const context = new FakeContext();

    context.terminal.print('a\u001B[2Jb\u001B]0;title\u0007c\rd\u009Be\n\u001B[32mgreen\u001B[39m');

    expect(context.out).toBe('a[2Jb]0;titlecde\n\u001B[32mgreen\u001B[39m\n');
  });

  it('what is no terminal gets no colours', () => {
    const context = new FakeContext();

    expect(context.terminal.style('red', 'text')).toBe('text');
  });
});
