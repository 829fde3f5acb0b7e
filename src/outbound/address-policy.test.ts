import { describe, expect, test } from 'vitest';
import { BatonError } from '../contracts/error.ts';
import { toAddressPolicy, whyConnectionRefused, whyRefused } from './address-policy.ts';

const policyOf = (hosts: string | undefined, production = true) =>
  toAddressPolicy({ agentHosts: hosts?.split(','), production });

/** Whether a connection to these addresses would be made, and whether the URL alone is fine. */
function verdict(hosts: string | undefined, url: string, addresses: readonly string[], production = true) {
  const policy = policyOf(hosts, production);
  const atSight = whyRefused(policy, url) === null;
  const connects = URL.canParse(url) && whyConnectionRefused(policy, new URL(url), addresses) === null;
  return `${atSight ? 'fine' : 'refused'}, ${connects ? 'connects' : 'refused'}`;
}

const open = 'fine, connects';
const late = 'fine, refused';
const shut = 'refused, refused';

describe('BATON_AGENT_HOSTS', () => {
  test.each([
    // what it lists, the URL, what the name resolves to, the verdict
    ['agents.example.com', 'https://agents.example.com/a', ['8.8.8.8'], open],
    ['agents.example.com', 'https://AGENTS.example.com./a', ['8.8.8.8'], open],
    ['AGENTS.example.com.', 'https://agents.example.com/a', ['8.8.8.8', '2606:4700::1'], open],
    ['agents.example.com', 'https://agents.example.com:8443/', ['8.8.8.8'], open],
    ['agents.example.com', 'https://agents.example.com/', ['10.0.0.1'], late],
    ['agents.example.com', 'https://agents.example.com/', ['8.8.8.8', '10.0.0.1'], late],
    ['agents.example.com', 'https://agents.example.com/', [], late],
    ['agents.example.com', 'https://agents.example.com/', ['nonsense'], late],
    ['agents.example.com', 'https://other.example.com/', ['8.8.8.8'], shut],
    ['agents.example.com', 'https://x.agents.example.com/', ['8.8.8.8'], shut],
    ['agents.example.com', 'https://agents.example.com.evil.test/', ['8.8.8.8'], shut],
    ['agents.example.com', 'https://8.8.8.8/', ['8.8.8.8'], shut],
    ['agents.example.com', 'http://agents.example.com/', ['8.8.8.8'], shut],
    ['http://agents.example.com', 'http://agents.example.com/', ['8.8.8.8'], open],
    ['http://agents.example.com', 'https://agents.example.com/', ['8.8.8.8'], open],
    ['agents.example.com:8443', 'https://agents.example.com:8443/', ['8.8.8.8'], open],
    ['agents.example.com:8443', 'https://agents.example.com/', ['8.8.8.8'], shut],
    ['agents.example.com:443', 'https://agents.example.com/', ['8.8.8.8'], open],
    ['bücher.example', 'https://xn--bcher-kva.example/', ['8.8.8.8'], open],
    ['*.agents.svc', 'https://a.agents.svc/', ['8.8.8.8'], open],
    ['*.agents.svc', 'https://a.b.agents.svc/', ['8.8.8.8'], open],
    ['*.agents.svc', 'https://agents.svc/', ['8.8.8.8'], shut],
    ['*.agents.svc', 'https://badagents.svc/', ['8.8.8.8'], shut],
    ['*.agents.svc,10.0.0.0/8', 'http://a.agents.svc:8000/', ['10.0.0.1'], open],
    ['*.agents.svc,10.0.0.0/8', 'http://a.agents.svc:8000/', ['10.0.0.1', '8.8.8.8'], late],
    ['*.agents.svc,10.0.0.0/8', 'http://a.agents.svc:8000/', ['8.8.8.8'], late],
    ['*.agents.svc,10.0.0.0/8', 'https://a.agents.svc:8000/', ['10.0.0.1', '8.8.8.8'], open],
    ['*.agents.svc,10.0.0.0/8', 'http://a.agents.svc:8000/', ['192.168.0.1'], late],
    ['*.agents.svc,10.0.0.0/8', 'http://10.1.2.3:8000/', ['10.1.2.3'], open],
    ['*.agents.svc,10.0.0.0/8', 'http://other.svc/', ['10.0.0.1'], shut],
    ['*.agents.svc:8000,10.0.0.0/8:8000', 'http://a.agents.svc:8000/', ['10.0.0.1'], open],
    ['*.agents.svc:8000,10.0.0.0/8:8000', 'http://10.0.0.1:6379/', ['10.0.0.1'], shut],
    ['agents,172.16.0.0/12', 'http://agents:41000/', ['172.18.0.5'], open],
    ['fd00::/8', 'http://[fd00::5]:8000/', ['fd00::5'], open],
    ['[fd00::5]:8000', 'http://[fd00::5]:8000/', ['fd00::5'], open],
    ['[fd00::5]:8000', 'http://[fd00::5]:8001/', ['fd00::5'], shut],
    ['fd00::/8:443', 'https://[fd00::5]/', ['fd00::5'], open],
    ['10.0.0.0/8', 'http://[::ffff:10.0.0.1]/', ['::ffff:10.0.0.1'], open],
    ['8.8.8.0/24', 'https://8.8.8.8/', ['8.8.8.8'], open],
    ['8.8.8.0/24', 'http://8.8.8.8/', ['8.8.8.8'], shut],
    ['http://8.8.8.0/24', 'http://8.8.8.8/', ['8.8.8.8'], open],
    ['0.0.0.0/0,::/0', 'http://127.0.0.1/', ['127.0.0.1'], shut],
    ['0.0.0.0/0,::/0', 'http://169.254.169.254/', ['169.254.169.254'], shut],
    ['0.0.0.0/0,::/0', 'https://[fe80::1]/', ['fe80::1'], shut],
    ['169.254.10.0/24', 'http://169.254.10.1/', ['169.254.10.1'], open],
    ['public', 'https://anything.test/', ['8.8.8.8'], open],
    ['public', 'https://8.8.8.8/', ['8.8.8.8'], open],
    ['public', 'http://anything.test/', ['8.8.8.8'], shut],
    ['public', 'https://anything.test/', ['8.8.8.8', '10.0.0.1'], late],
    ['http://public', 'http://anything.test/', ['8.8.8.8'], open],
    ['public:443', 'https://anything.test:444/', ['8.8.8.8'], shut],
    ['public,10.0.0.0/8', 'https://anything.test/', ['10.0.0.1'], late],
    ['public,10.0.0.0/8', 'https://10.0.0.1/', ['10.0.0.1'], open],
    ['public,intra.test,10.0.0.0/8', 'http://intra.test/', ['10.0.0.1'], open],
  ])('%s: %s at %j: %s', (hosts, url, addresses, expected) => {
    expect(verdict(hosts, url, addresses)).toBe(expected);
  });

  test.each([
    ['http://127.0.0.1:1/', ['127.0.0.1']],
    ['http://localhost:1/', ['127.0.0.1', '::1']],
    ['https://[::1]:1/', ['::1']],
    ['http://127.9.9.9/', ['127.9.9.9']],
  ])('unset, it means this machine outside production, and nothing in it: %s', (url, addresses) => {
    expect(verdict(undefined, url, addresses, false)).toBe(open);
    expect(verdict(undefined, url, addresses)).toBe(shut);
  });

  test('unset, it lets nobody else in', () => {
    expect(verdict(undefined, 'http://10.0.0.1/', ['10.0.0.1'], false)).toBe(shut);
    expect(verdict(undefined, 'https://agents.example.com/', ['8.8.8.8'], false)).toBe(shut);
    expect(verdict(undefined, 'http://localhost/', ['127.0.0.1', '10.0.0.1'], false)).toBe(late);
    expect(verdict(undefined, 'http://0.0.0.0/', ['0.0.0.0'], false)).toBe(shut);
  });

  test('in production no entry lets this machine in', () => {
    for (const url of ['http://127.0.0.1/', 'http://[::1]/', 'http://0.0.0.0/', 'http://[::ffff:127.0.0.1]/']) {
      const host = new URL(url).hostname.replace(/[[\]]/g, '');
      expect(verdict('localhost,127.0.0.0/8,::1,0.0.0.0/8,public', url, [host])).toBe(shut);
    }
    expect(verdict('localhost,127.0.0.1', 'http://localhost/', ['127.0.0.1'])).toBe(late);
    expect(whyRefused(policyOf('127.0.0.1'), 'http://127.0.0.1/')).toContain('it is this machine');
  });

  test('a refusal says what to set, and gives an example', () => {
    const text = whyRefused(policyOf(undefined), 'https://agents.example.com/');
    expect(text).toContain('BATON_AGENT_HOSTS=agents.example.com,');
    expect(text).toContain('came "agents.example.com", port 443');
  });
});

test.each([
  'file:///etc/passwd',
  'ftp://a/',
  'ws://a/',
  'data:,x',
  'nonsense',
  '',
  '//a/',
  'http://',
  'http://[fe80::1%25x]/',
])('no policy allows %j', (url) =>
  expect(whyRefused(policyOf('http://public,a', false), url)).toBe('expected an http or https URL'),
);

test.each(['https://user@a.test/', 'https://user:pw@a.test/', 'https://:pw@a.test/'])(
  'credentials in a URL are refused, and not repeated: %s',
  (url) => {
    const text = whyRefused(policyOf('public'), url);
    expect(text).toBe('expected a URL without user name and password');
  },
);

test.each([
  [
    '*',
    '*.',
    '*.*',
    'a.*',
    '**.a',
    '-',
    'a b',
    'a/b',
    'https://a',
    'ftp://a',
    'a:0',
    'a:65536',
    'a:',
    'a:b',
    'a/8',
    '10.0.0.0/33',
  ],
  [
    '127.1',
    '0x7f.1',
    '2130706433',
    '0177.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::/96',
    '2002:a00::/24',
    '[a]',
    '[10.0.0.1',
    'fd00::1:x',
  ],
  [
    'user@host',
    'http://',
    'http://http://a',
    'a?b',
    'a#b',
    `${'a'.repeat(64)}.test`,
    'a..b',
    'fe80::1%eth0',
    '[]',
    ':80',
  ],
])('faulty entries are named, all at once: %j and others', (...entries) => {
  const policy = () => toAddressPolicy({ agentHosts: ['fine.test', ...entries], production: true });
  expect(policy).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  const named = thrownBy(policy).faults.map(({ path, message }) => `${path} ${message.split('; came ')[1]}`);
  const shown = entries.map((entry) =>
    entry.includes('@') ? 'an entry that is not shown here' : JSON.stringify(entry),
  );
  expect(named).toEqual(shown.map((text) => `BATON_AGENT_HOSTS ${text}`));
});

function thrownBy(work: () => unknown): BatonError {
  try {
    work();
  } catch (thrown) {
    return BatonError.from(thrown);
  }
  return expect.fail('expected an error');
}
