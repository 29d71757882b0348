// Package mutation attacks a signed audit trail and holds the verifier to what
// it must find. Each seed makes a store in a real PostgreSQL and a journal
// beside it, checks that verification has nothing to say about them, changes one
// thing as an attacker would, and compares what verification says then with what
// a table in this package expects: found, where, or not detectable and why. An
// attack that is found although the table says it cannot be fails just as one
// that is missed.
//
// An Operator is what is changed; an Attacker is what else of the evidence its
// author can make fit; a Witness is what the verifier has beside the store.
//
// A case is judged by what is found and where, by the exit code that the command
// ends with (0, 1 or 3), and for what only a notice tells by that notice. The
// words of the expectations:
//
//   - Tree is no witness: the store or the journal, and the trust file. Newest
//     has the newest checkpoint of each log beside it, Every has each checkpoint
//     that was ever committed, Beside has the other sink and runs reconcile, MAC
//     has the keys of the edge's origin MACs.
//   - exactly, inCommit and inLog say how exactly damage is to be named: the very
//     event, the commit that holds it, its tenant and epoch.
//   - unseen (blind) is intact and exit code 0; unsure (doubted) is no finding
//     and exit code 3; asTree is what is expected without the witness.
//   - seen, hidden and doubted build an expectation from that of Tree, and butTold
//     adds the notice that shows a reader what no signature can.
package mutation
