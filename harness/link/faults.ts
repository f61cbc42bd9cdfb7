/**
 * Turns a fault as data into one that can be armed: looks its type up in the registries and lets the
 * type's own schema check the attributes. The one place that knows both toxics and protocol faults.
 */
import { UsageError } from '../model/errors.ts';
import type { Fault, Match } from '../model/fault.ts';
import { nearest, validate } from '../model/validate.ts';
import { HTTP_FAULTS } from './http/registry.ts';
import { BLACK_HOLE, type Closed, DOWN, type Protocol, type ProtocolFaultSpec } from './link.ts';
import { POSTGRES_FAULTS } from './postgres/registry.ts';
import type { ToxicSpec } from './toxic.ts';
import { TOXICS } from './toxics/registry.ts';

/** How a fault is armed: by closing the listener, on bytes, or on exchanges and statements. */
export type ArmableFault =
  | { plane: 'listener'; how: Closed; expiresMs: number | undefined }
  | { plane: 'toxic'; toxic: ToxicSpec }
  | { plane: 'protocol'; fault: ProtocolFaultSpec };

/** Names of every fault type. */
export function faultTypes(): string[] {
  return [DOWN, BLACK_HOLE, ...TOXICS.keys(), ...HTTP_FAULTS.keys(), ...POSTGRES_FAULTS.keys()];
}

type Key = Exclude<keyof Fault, 'type' | 'attributes'>;

/** What a fault of each plane may be given beside its type and attributes. */
const LISTENER_KEYS: readonly Key[] = ['expiresMs'];
const TOXIC_KEYS: readonly Key[] = ['stream', 'toxicity', 'match', 'times', 'expiresMs'];
const PROTOCOL_KEYS: readonly Key[] = ['probability', 'match', 'times', 'expiresMs'];
const TOXIC_MATCH: readonly (keyof Match)[] = ['nth', 'every', 'afterBytes', 'afterMs'];
const HTTP_MATCH: readonly (keyof Match)[] = ['method', 'path', 'model', 'header', 'nth', 'every'];
const POSTGRES_MATCH: readonly (keyof Match)[] = ['command', 'statement', 'nth', 'every'];

/**
 * Checks a fault against its type and the link's protocol, and gives it a name.
 * @throws UsageError that begins with `where`.
 */
export function resolveFault(fault: Fault, name: string, protocol: Protocol, where: string): ArmableFault {
  const { type } = fault;
  if (type === DOWN || type === BLACK_HOLE) {
    allow(fault, LISTENER_KEYS, [], where);
    if (Object.keys(fault.attributes).length > 0)
      throw new UsageError(`${where}: type "${type}" takes no attributes`);
    return { plane: 'listener', how: type, expiresMs: fault.expiresMs };
  }
  const toxicKind = TOXICS.get(type);
  if (toxicKind !== undefined) {
    allow(fault, TOXIC_KEYS, TOXIC_MATCH, where);
    const { stream = 'downstream', toxicity = 1, match, times, expiresMs } = fault;
    const attributes = validate(toxicKind.attributes, fault.attributes, `${where}: attributes`);
    return {
      plane: 'toxic',
      toxic: { name, kind: toxicKind, stream, toxicity, attributes, match, times, expiresMs },
    };
  }
  const kind = HTTP_FAULTS.get(type) ?? POSTGRES_FAULTS.get(type);
  if (kind !== undefined) {
    const needed = HTTP_FAULTS.has(type) ? 'http' : 'postgres';
    allow(fault, PROTOCOL_KEYS, needed === 'http' ? HTTP_MATCH : POSTGRES_MATCH, where);
    if (protocol !== needed) {
      throw new UsageError(
        `${where}: type "${type}" needs a link whose protocol is ${needed}, this one's is ${protocol}`,
      );
    }
    const attributes = validate(kind.attributes, fault.attributes, `${where}: attributes`);
    return { plane: 'protocol', fault: { name, kind, attributes, spec: fault } };
  }
  const near = nearest(type, faultTypes());
  const hint = near === undefined ? `one of ${faultTypes().join(', ')}` : `did you mean "${near}"?`;
  throw new UsageError(`${where}: unknown fault type "${type}"; ${hint}`);
}

/** Refuses what this type of fault makes nothing of: left unsaid, it would be taken for done. */
function allow(fault: Fault, keys: readonly Key[], matchKeys: readonly (keyof Match)[], where: string): void {
  const { type: _type, attributes: _attributes, ...given } = fault;
  for (const key of keysOf(given)) {
    if (!keys.includes(key)) throw new UsageError(`${where}: type "${fault.type}" takes no ${key}`);
  }
  for (const key of keysOf(fault.match ?? {})) {
    if (!matchKeys.includes(key))
      throw new UsageError(`${where}: type "${fault.type}" takes no match.${key}`);
  }
}

function keysOf<T extends object>(value: T): (keyof T)[] {
  return (Object.keys(value) as (keyof T)[]).filter((key) => value[key] !== undefined);
}
