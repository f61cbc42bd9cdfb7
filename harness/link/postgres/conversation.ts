/**
 * PostgreSQL's protocol 3 on one connection: reports each statement with its command tag or SQLSTATE, and
 * lets faults have their way with start-ups and statements. With no fault armed it only looks. Statement
 * texts are hashed; passwords and rows are not kept.
 */
import type { EndedBy } from '../../model/history.ts';
import type { Conversation, ConversationEnds } from '../conversation.ts';
import { Delivery } from './delivery.ts';
import { claim, type PostgresAct, type PostgresFault } from './fault.ts';
import { Frontend } from './frontend.ts';
import { type Fate, MessageGate } from './gate.ts';
import { errorResponse, FLUSH, HEADER_BYTES, isFatal, TERMINATE } from './messages.ts';
import { RaisedErrors } from './raised.ts';
import { PostgresSessions } from './sessions.ts';
import { type Statement, Statements } from './statements.ts';

/** First byte of a TLS handshake: a client that does not ask first (sslnegotiation=direct). */
const TLS_HANDSHAKE = 0x16;

/** A target that does not close after a FATAL error of ours is closed after this time. */
const LINGER_MS = 1_000;

/** Messages whose body is read, by direction. */
const FRONTEND_READ = 'QPBE';
const BACKEND_READ = 'CEZ';

/** The server's messages that matter to statements. */
const ANSWERS = 'CEZIsG';

const NOT_POSTGRES = 'bytes are not PostgreSQL protocol 3';

type Act<D extends PostgresAct['do']> = Extract<PostgresAct, { do: D }>;

export class PostgresConversation implements Conversation {
  readonly targetSpeaksFirst = true;
  readonly #ends: ConversationEnds;
  readonly #faults: readonly PostgresFault[];
  readonly #sessions: PostgresSessions;
  readonly #statements: Statements;
  readonly #frontend: Frontend;
  readonly #raised: RaisedErrors;
  /** What the target sends, and what the server sends. */
  readonly #up: MessageGate;
  readonly #down: MessageGate;
  readonly #delivery = new Delivery();
  /** The group of statements that the server is answering, and how many of its Executes it has answered. */
  #answering = 0;
  #executed = 0;
  #awaitsEncryptionAnswer = false;
  #watching = true;
  #targetEnded = false;
  /** A simple statement of ours stands where an Execute was: what a server would skip, we must. */
  #skipsToSync = false;
  /** Groups that are ours alone: the target gets no ReadyForQuery for them. */
  readonly #ownGroups = new Set<number>();
  /** Sends on the statement that is delayed. */
  #sendDelayed = (): void => {};
  #endSession = (): void => {};
  /** The connection breaks when this one has been answered. */
  #cut: Statement | null = null;
  /** The session ends with this error when all before it has been answered. */
  #ending: { statement: Statement; error: Buffer } | null = null;

  /** `faults` is the link's own live list: what is armed now decides, at each message. */
  constructor(
    ends: ConversationEnds,
    faults: readonly PostgresFault[] = [],
    sessions = new PostgresSessions(),
  ) {
    this.#ends = ends;
    this.#faults = faults;
    this.#sessions = sessions;
    this.#statements = new Statements(ends);
    this.#raised = new RaisedErrors(ends.connection);
    this.#frontend = new Frontend(this.#statements, {
      asksForEncryption: () => {
        this.#awaitsEncryptionAnswer = true;
      },
      isTyped: () => this.#up.expectTyped(),
      sessionBegins: () => {
        this.#endSession = sessions.begin();
      },
      leaves: () => this.#over('target'),
    });
    this.#up = new MessageGate(false, FRONTEND_READ, {
      begins: (type) => this.#frontendFate(String.fromCharCode(type)),
      pass: (bytes) => ends.forward(bytes),
      message: (type, kept, whole, fate) => this.#fromFrontend(type, kept, whole, fate),
      lost: (header) => (header[0] === TLS_HANDSHAKE ? this.#encrypted() : this.#stopWatching(NOT_POSTGRES)),
      full: (isFull) => ends.holdTarget(isFull),
    });
    this.#down = new MessageGate(true, BACKEND_READ, {
      begins: (type) => this.#backendFate(String.fromCharCode(type)),
      pass: (bytes) => ends.answer(bytes),
      message: (type, kept, whole, fate) => this.#fromBackend(String.fromCharCode(type), kept, whole, fate),
      lost: () => this.#stopWatching(NOT_POSTGRES),
    });
  }

  fromTarget(chunk: Buffer): void {
    this.#up.push(chunk);
  }

  targetEnded(): void {
    this.#targetEnded = true;
    this.#sendDelayed();
    this.#up.surrender();
    // A frontend that sends FIN has gone: the protocol has no half-close.
    this.#over('target');
  }

  fromDependency(chunk: Buffer): void {
    if (!this.#awaitsEncryptionAnswer || chunk.length === 0) {
      this.#down.push(chunk);
      return;
    }
    // The answer to SSLRequest or GSSENCRequest is one bare byte; a server of old answers with an error.
    this.#awaitsEncryptionAnswer = false;
    const answer = String.fromCharCode(chunk[0] ?? 0);
    if (answer === 'S' || answer === 'G') this.#encrypted();
    else if (answer === 'N') this.#down.send(chunk.subarray(0, 1));
    this.#down.push(answer === 'N' ? chunk.subarray(1) : chunk);
  }

  dependencyEnded(): void {
    // What was to be cut after its answer has had all the answer it will get.
    if (this.#cut !== null) this.#ends.abort('rst');
    else this.#ends.endAnswer();
  }

  toTarget(chunk: Buffer): void {
    this.#delivery.delivered(chunk.length, (answer) => {
      if (answer.type === 'G') this.#frontend.copyBegins(answer.group);
      else this.#statements.delivered(answer);
    });
  }

  touched(faultId: string): void {
    this.#statements.touched(faultId);
  }

  closed(endedBy: EndedBy): void {
    this.#watching = false;
    this.#up.close();
    this.#down.close();
    this.#over(endedBy);
  }

  #over(endedBy: EndedBy): void {
    this.#statements.broken(endedBy);
    this.#endSession();
  }

  #frontendFate(type: string): Fate {
    if (this.#skipsToSync) return type === 'S' || type === 'X' ? 'pass' : 'drop';
    // What follows on a connection that is to break must not happen by chance; to end its group is let.
    if (this.#cut !== null)
      return this.#cut.group === this.#frontend.group && 'SH'.includes(type) ? 'pass' : 'drop';
    if (this.#faults.length === 0 || !this.#watching || this.#targetEnded) return 'pass';
    return type === '\0' || type === 'Q' || type === 'E' ? 'hold' : 'pass';
  }

  #fromFrontend(type: number, kept: Buffer, whole: Buffer | null, fate: Fate): void {
    if (fate === 'drop') return;
    this.#skipsToSync = false; // what passes while we skip ends the skipping
    const statement = this.#frontend.read(type, kept);
    if (whole !== null && (statement === null || !this.#act(statement, whole))) this.#up.send(whole);
    if (this.#statements.tooMany) this.#stopWatching('too many statements under way');
  }

  /** Asks the faults about a statement that is held. False: it goes on. */
  #act(statement: Statement, whole: Buffer): boolean {
    const claimed = claim(this.#faults, { ...statement, sessions: this.#sessions.live });
    if (claimed === null) return false;
    const { fault, act } = claimed;
    if (act.do === 'fail' && this.#statements.inFailedTransaction) {
      fault.chooser.untake(); // the server executes nothing here that could fail
      return false;
    }
    statement.faults.add(fault.name);
    switch (act.do) {
      case 'terminate':
        this.#terminate(statement, act);
        return true;
      case 'fail':
        this.#fail(statement, act);
        return true;
      case 'delay':
        this.#delay(whole, (resume) => this.#ends.after(act.ms, resume));
        return true;
      case 'hold':
        this.#delay(whole, (resume) => fault.lifted.addEventListener('abort', resume, { once: true }));
        return true;
      case 'cut':
        if (act.when === 'before') this.#ends.abort('rst');
        else this.#cut = statement;
        return act.when === 'before';
    }
  }

  /** @param until calls back when the statement may go on */
  #delay(whole: Buffer, until: (resume: () => void) => void): void {
    this.#up.pause();
    let isDue = true;
    this.#sendDelayed = () => {
      if (!isDue) return;
      isDue = false;
      this.#up.send(whole);
      this.#up.resume();
    };
    until(this.#sendDelayed);
  }

  #fail(statement: Statement, { sqlstate, message }: Act<'fail'>): void {
    const { bytes, ownGroup } = this.#raised.raise(statement, sqlstate, message);
    this.#up.send(bytes);
    if (!ownGroup) return;
    this.#ownGroups.add(statement.group);
    this.#frontend.endGroup();
    statement.group = this.#frontend.group;
    this.#skipsToSync = true;
  }

  #terminate(statement: Statement, { sqlstate, message }: Act<'terminate'>): void {
    this.#up.close(); // whatever else the target sends goes nowhere
    this.#ending = { statement, error: errorResponse('FATAL', sqlstate, message) };
    this.#endSession();
    // Half of a message may have come, and the server keeps the rest until it is asked.
    if (this.#down.isMidMessage) this.#ends.forward(FLUSH);
    else this.#endIfDue();
  }

  /** The last word of a session that a fault ends, once all that came before has been answered. */
  #endIfDue(): void {
    if (this.#ending === null || this.#answering < this.#ending.statement.group) return;
    const { statement, error } = this.#ending;
    this.#ending = null;
    this.#sendError(error, statement.group, statement);
    this.#down.close();
    this.#ends.endAnswer();
    if (statement.command !== 'STARTUP') this.#ends.forward(TERMINATE);
    this.#ends.after(LINGER_MS, () => this.#ends.abort('fin'));
  }

  #backendFate(type: string): Fate {
    const cut = this.#cut;
    if (cut !== null && this.#answering === cut.group && this.#executed >= cut.ordinal) return 'drop';
    if (type === 'Z' && this.#ownGroups.has(this.#answering)) return 'drop';
    return type === 'E' && this.#raised.areExpected ? 'hold' : 'pass';
  }

  #fromBackend(type: string, kept: Buffer, whole: Buffer | null, fate: Fate): void {
    const group = this.#answering;
    if (type === 'C' || type === 'I' || type === 's') this.#executed++;
    if (type === 'Z') {
      this.#answering++;
      this.#executed = 0;
      this.#ownGroups.delete(group);
      this.#raised.settle(group);
    }
    if (fate === 'drop') this.#cutIfAnswered(type, kept);
    else if (whole !== null) {
      const raised = this.#raised.recognise(kept);
      this.#sendError(raised?.bytes ?? whole, group, raised?.statement ?? null);
    } else if (ANSWERS.includes(type)) {
      this.#delivery.add({ endsAt: this.#down.position, type, kept, group, ours: null });
    }
    this.#endIfDue();
  }

  /** A message was kept from the target because its connection is to break; was it the last of the answer? */
  #cutIfAnswered(type: string, kept: Buffer): void {
    if (this.#cut === null) return;
    // Where no Sync has been sent, the server will not close the group. One that waits for COPY data gets none.
    const last = this.#cut.group < this.#frontend.group ? 'ZGW' : 'ZGWCIsE';
    if (last.includes(type) || (type === 'E' && isFatal(kept))) this.#ends.abort('rst');
  }

  #sendError(message: Buffer, group: number, ours: Statement | null): void {
    const endsAt = this.#down.position + message.length;
    this.#delivery.add({ endsAt, type: 'E', kept: message.subarray(HEADER_BYTES), group, ours });
    this.#down.send(message);
  }

  #encrypted(): void {
    const isNews = this.#sessions.tellEncryption();
    this.#endSession = this.#sessions.begin();
    this.#stopWatching('the stream is encrypted, so faults above TCP cannot act here', isNews);
  }

  #stopWatching(why: string, isNews = true): void {
    if (!this.#watching) return;
    this.#watching = false;
    this.#statements.forget();
    this.#delivery.forget();
    this.#up.letGo();
    this.#down.letGo();
    if (!isNews) return;
    const text = `link ${this.#ends.link}, connection ${this.#ends.connection}: ${why}; passing bytes unread from here`;
    this.#ends.emit({ kind: 'note', t: this.#ends.now(), text });
  }
}
