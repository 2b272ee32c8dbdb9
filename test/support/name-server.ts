import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** What is said of a name: addresses and an alias; a failure; or nothing at all. */
export type NameAnswer = { a?: string[]; aaaa?: string[]; cname?: string } | 'NXDOMAIN' | 'SERVFAIL' | 'silence';

export interface NameServer {
  /** `address:port`. */
  address: string;
  /** Names that were asked for, each as often as it was. */
  asked: string[];
  /** Says from now on how a name is answered; a list is gone through, an answer for each pair of questions (A, AAAA). */
  answer(name: string, answers: NameAnswer | NameAnswer[]): void;
  close(): Promise<void>;
}

const rcodes = { NXDOMAIN: 3, SERVFAIL: 2 };
const types = { a: 1, cname: 5, aaaa: 28 };

/** A real name server over UDP that speaks as much of RFC 1035 as a look-up needs; every answer has a TTL of 0. */
export async function createNameServer(): Promise<NameServer> {
  const socket = createSocket('udp4');
  const answers = new Map<string, NameAnswer[]>();
  const asked: string[] = [];
  socket.on('message', (query, from) => {
    const { name, type, end } = questionIn(query);
    asked.push(name);
    const list = answers.get(name) ?? ['NXDOMAIN'];
    const nth = asked.filter((one, index) => one === name && index < asked.length).length;
    const answer = list[Math.min(list.length - 1, Math.floor((nth - 1) / 2))]!;
    if (answer === 'silence') return;
    const records = typeof answer === 'string' ? [] : recordsOf(answer, type);
    const rcode = typeof answer === 'string' ? rcodes[answer] : 0;
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180 | rcode, 2);
    header.writeUInt16BE(records.length, 6);
    header.writeUInt32BE(0, 8);
    socket.send(Buffer.concat([header, query.subarray(12, end), ...records]), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');

  return {
    address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    asked,
    answer: (name, given) => void answers.set(name, Array.isArray(given) ? given : [given]),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function questionIn(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** Names in them point to the question's, at byte 12. */
function recordsOf({ a = [], aaaa = [], cname }: Exclude<NameAnswer, string>, type: number): Buffer[] {
  const alias = cname === undefined ? [] : [record(types.cname, encodedName(cname))];
  if (type === types.a) return [...alias, ...a.map((address) => record(types.a, v4(address), cname))];
  if (type === types.aaaa) return [...alias, ...aaaa.map((address) => record(types.aaaa, v6(address), cname))];
  return alias;
}

function record(type: number, data: Buffer, owner?: string): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner === undefined ? Buffer.from([0xc0, 12]) : encodedName(owner), fixed, data]);
}

function encodedName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);
}

const v4 = (address: string) => Buffer.from(address.split('.').map(Number));

function v6(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => '0');
  const all = address.includes('::') ? [...groups(head), ...zeros, ...groups(tail)] : groups(address);
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
