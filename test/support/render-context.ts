import type { RenderContext } from '../../src/outbound/dialect.ts';

/** What a payload needs besides a snapshot. */
export const renderContext: RenderContext = {
  deliveryId: '0199aaaa-0000-7000-8000-00000000000d',
  attemptAt: '2026-04-16T14:47:03.500Z',
  publicUrl: 'https://tocsin.example.com',
  subscription: {
    id: '0199bbbb-0000-7000-8000-0000000000ff',
    name: 'Chat bot',
    description: 'Posts to #incidents',
    url: 'https://receiver.example.com/hooks/tocsin',
  },
  item: 0,
};
