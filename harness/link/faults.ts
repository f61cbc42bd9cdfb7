/**
 * Turns a fault as data into one that can be armed: looks its type up in the registries and lets the
 * type's own schema check the attributes. The one place that knows both toxics and protocol faults.
 */
import { UsageError } from '../model/errors.ts';
import type { Fault } from '../model/fault.ts';
import { nearest, validate } from '../model/validate.ts';
import type { HttpFault } from './http/fault.ts';
import { HTTP_FAULTS } from './http/registry.ts';
import { DOWN, type Protocol } from './link.ts';
import type { Toxic } from './toxic.ts';
import { TOXICS } from './toxics/registry.ts';

/** How a fault is armed: by closing the listener, on bytes, or on exchanges. */
export type ArmableFault =
  | { plane: 'down' }
  | { plane: 'toxic'; toxic: Toxic }
  | { plane: 'http'; fault: HttpFault };

/** Names of every fault type. */
export function faultTypes(): string[] {
  return [DOWN, ...TOXICS.keys(), ...HTTP_FAULTS.keys()];
}

/**
 * Checks a fault against its type and the link's protocol, and gives it a name.
 * @throws UsageError that begins with `where`.
 */
export function resolveFault(fault: Fault, name: string, protocol: Protocol, where: string): ArmableFault {
  const toxicKind = TOXICS.get(fault.type);
  const httpKind = HTTP_FAULTS.get(fault.type);
  if (fault.type === DOWN) {
    refuse(fault, ['stream', 'toxicity', 'match', 'times'], where);
    if (Object.keys(fault.attributes).length > 0)
      throw new UsageError(`${where}: type "down" takes no attributes`);
    return { plane: 'down' };
  }
  if (toxicKind !== undefined) {
    refuse(fault, ['match', 'times'], where);
    const attributes = validate(toxicKind.attributes, fault.attributes, `${where}: attributes`);
    const stream = fault.stream ?? 'downstream';
    return {
      plane: 'toxic',
      toxic: { name, kind: toxicKind, stream, toxicity: fault.toxicity ?? 1, attributes },
    };
  }
  if (httpKind !== undefined) {
    refuse(fault, ['stream', 'toxicity'], where);
    if (protocol !== 'http') {
      throw new UsageError(
        `${where}: type "${fault.type}" needs a link whose protocol is http, this one's is ${protocol}`,
      );
    }
    const attributes = validate(httpKind.attributes, fault.attributes, `${where}: attributes`);
    return {
      plane: 'http',
      fault: { name, kind: httpKind, attributes, spec: fault, left: fault.times ?? Infinity },
    };
  }
  const near = nearest(fault.type, faultTypes());
  const hint = near === undefined ? `one of ${faultTypes().join(', ')}` : `did you mean "${near}"?`;
  throw new UsageError(`${where}: unknown fault type "${fault.type}"; ${hint}`);
}

function refuse(
  fault: Fault,
  keys: readonly ('stream' | 'toxicity' | 'match' | 'times')[],
  where: string,
): void {
  const given = keys.find((key) => fault[key] !== undefined);
  if (given !== undefined) throw new UsageError(`${where}: type "${fault.type}" takes no ${given}`);
}
