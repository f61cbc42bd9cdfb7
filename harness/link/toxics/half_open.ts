/**
 * Connections that are open when it comes fall silent in its direction for good: the peer has restarted
 * or lost its state, and nobody has told. New connections are left alone. Removing it closes the silent ones.
 */
import { z } from 'zod';
import { defineToxic } from '../toxic.ts';
import { still } from './still.ts';

const Attributes = z.strictObject({});

export const halfOpen = defineToxic<z.infer<typeof Attributes>>({
  type: 'half_open',
  attributes: Attributes,
  closesWhenRemoved: true,
  onlyLive: true,
  attach: (line) => still.attach(line, () => ({})),
});
