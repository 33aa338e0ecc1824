import { describe, expect, it } from 'vitest';
import { isPublicAddress, PrivateAddressError, publicLookup, type Resolve } from './public-address.js';

describe('isPublicAddress', () => {
  it.each([
    '93.184.215.14',
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.1',
    '2606:4700::1111',
    '2a00:1450:4001::1',
  ])('%s is public', (address) => expect(isPublicAddress(address)).toBe(true));

  it.each([
    '127.0.0.1',
    '127.8.9.10',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '169.254.169.254',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:93.184.215.14',
    '64:ff9b::7f00:1',
    'fe80::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '2001:db8::1',
    '2001:0:7f00:1::',
    '2002:7f00:1::',
    'localhost',
    '',
  ])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false));
});

describe('publicLookup', () => {
  it('hands out the addresses that were checked', async () => {
    expect(await look(leadsTo('1.1.1.1', '2606:4700::1111'), true)).toEqual({
      address: [
        { address: '1.1.1.1', family: 4 },
        { address: '2606:4700::1111', family: 6 },
      ],
      family: undefined,
    });
    expect(await look(leadsTo('1.1.1.1'), false)).toEqual({ address: '1.1.1.1', family: 4 });
  });

  it('one private address among public ones refuses the name', async () => {
    expect(await look(leadsTo('1.1.1.1', '10.0.0.1'), true)).toBeInstanceOf(PrivateAddressError);
  });

  it('a name without addresses is refused', async () => {
    expect(await look(leadsTo(), true)).toBeInstanceOf(PrivateAddressError);
  });

  it('a fault of the resolution is passed on', async () => {
    const fault = new Error('ENOTFOUND');
    expect(await look((_hostname, done) => done(fault, []), true)).toBe(fault);
  });
});

const leadsTo =
  (...addresses: string[]): Resolve =>
  (_hostname, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

const look = (resolve: Resolve, all: boolean) =>
  new Promise((settle) => {
    publicLookup(resolve)('hooks.example.com', { all }, (error, address, family) =>
      settle(error ?? { address, family }),
    );
  });
