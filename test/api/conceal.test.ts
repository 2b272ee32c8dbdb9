import assert from 'node:assert/strict';
import { conceal } from '../../src/api/incidents/conceal.ts';
import type { IncidentCommand } from '../../src/temporal/incident-workflows.ts';
import { argumentsOf } from '../../src/temporal/update-arguments.ts';
import { detailReaders, type DetailedMessage } from '../../src/workflows/incident/read-details.ts';

const agent = { type: 'key', id: '01993c4a-6b70-7c22-8d9e-0f1a2b3c4d5e', name: 'Console' } as const;
const member = '01993c4b-7a60-7d11-9c8d-6e5f4a3b2c1d';
const word = 'quetzalcoatl';
const common = { id: 'c', agent };

const withTexts: IncidentCommand[] = [
  { ...common, type: 'note', content: word },
  { ...common, type: 'status_update', message: word },
  { ...common, type: 'responder', memberIds: [member], message: word },
  { ...common, type: 'priority', priority: word },
  { ...common, type: 'conference_bridge', number: word, url: `https://${word}` },
  { ...common, type: 'resolve', resolution: word, rootCause: word },
];

describe('concealing commands', () => {
  it('takes the texts away, and leaves what the workflow takes', () => {
    for (const command of withTexts) {
      const { command: told, contents } = conceal(command);
      assert.ok(!JSON.stringify(told).includes(word), command.type);
      assert.deepEqual(
        contents.map(({ commandId }) => commandId),
        ['c'],
      );
      assert.ok(JSON.stringify(contents[0]!.content.details).includes(word), command.type);
      assert.deepEqual([told.type, told.id, told.agent], [command.type, 'c', agent]);
      if (!(told.type in detailReaders)) continue;
      const read = detailReaders[told.type as DetailedMessage](argumentsOf(told));
      assert.equal(typeof read, 'object', `${told.type}: ${String(read)}`);
    }
  });

  it('keeps nothing where there was nothing', () => {
    const bridge = conceal({ ...common, type: 'conference_bridge', number: null, url: null });
    assert.deepEqual(bridge.command, { ...common, type: 'conference_bridge', number: null, url: null });
    assert.deepEqual(bridge.contents[0]!.content.changes, { conferenceBridge: null });
    const resolved = conceal({ ...common, type: 'resolve', resolution: null, rootCause: null });
    assert.deepEqual(resolved.contents[0]!.content, { changes: {}, details: {} });
    const acknowledged = { ...common, type: 'acknowledge' } as const;
    assert.deepEqual(conceal(acknowledged), { command: acknowledged, contents: [] });
  });

  it('leaves timers and paging what they depend on, and finds each part its transition', () => {
    const assignees = [{ type: 'member' as const, id: member }];
    const texts = { name: word, description: word, severity: word, resolution: word, rootCause: word };
    const changes = { ...texts, urgency: 'low' as const, assignees };
    const change = { ...common, type: 'change' as const, actions: [], priority: { to: word } };
    for (const [status, ids] of [
      [null, ['c', 'c:priority']],
      ['resolve', ['c:change', 'c:priority']],
    ] as const) {
      const { command, contents } = conceal({ ...change, changes, status });
      assert.ok(!JSON.stringify(command).includes(word));
      assert.ok(command.type === 'change' && command.priority?.to);
      assert.deepEqual(command.changes, { urgency: 'low', assignees });
      assert.deepEqual(
        contents.map(({ commandId }) => commandId),
        ids,
      );
      assert.deepEqual(contents[0]!.content.changes, texts);
      assert.deepEqual(contents[1]!.content.changes, { priority: word });
      const { changed, name } = contents[0]!.content.details!;
      assert.equal(name, word);
      const all = ['name', 'description', 'urgency', 'severity', 'assignees', 'resolution', 'root_cause'];
      assert.deepEqual(changed, all);
    }
    const alone = conceal({ ...change, changes: null, status: null });
    assert.deepEqual(
      alone.contents.map(({ commandId }) => commandId),
      ['c'],
    );
  });
});
