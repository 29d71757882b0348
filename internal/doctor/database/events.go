package database

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/otelaudit/otelaudit/internal/doctor"
)

// From how many events on something is more than chance.
const (
	fewEvents       = 50   // no denial among them says nothing yet
	oftenEvents     = 1000 // of people, of an action that was never denied
	severalActors   = 2    // of such an action
	usualEvents     = 20   // of an action that another one is a misspelling of
	serviceEvents   = 20
	lackingShare    = 0.5
	flaggedShare    = 0.01
	unchainedEnough = 5 // operations
	activeDays      = 5 // of a tenant, before it is called silent
	silentDays      = 3
	shownNames      = 5
)

func eventProbes() []doctor.Probe[*Subject] {
	check := func(id string, severity doctor.Severity, title, fix string, look func(*sample, *doctor.Result)) doctor.Probe[*Subject] {
		return doctor.Probe[*Subject]{
			Check: doctor.Check{ID: id, Severity: severity, Title: title, Needs: []string{string(Auditor)}, Fix: fix, Section: "doctor.md#the-events"},
			Look: func(ctx context.Context, s *Subject, r *doctor.Result) error {
				return s.forLogin(r, Auditor, func(l *login) error {
					events, err := s.reading(ctx, l)
					if err != nil {
						return err
					}
					if events.events == 0 {
						r.NotApplicable("no events in the window")
						return nil
					}
					look(events, r)
					return nil
				})
			},
		}
	}
	asked := func(id string, severity doctor.Severity, title, fix string, look func(context.Context, *Subject, *login, *doctor.Result) error) doctor.Probe[*Subject] {
		return doctor.Probe[*Subject]{
			Check: doctor.Check{ID: id, Severity: severity, Title: title, Needs: []string{string(Auditor)}, Fix: fix, Section: "doctor.md#the-events"},
			Look: func(ctx context.Context, s *Subject, r *doctor.Result) error {
				return s.forLogin(r, Auditor, func(l *login) error { return look(ctx, s, l, r) })
			},
		}
	}
	return []doctor.Probe[*Subject]{
		asked("data.denials.none", doctor.P0, "Nothing was ever denied: refusals are not recorded",
			"record an event with outcome denied wherever the application refuses", lookAtDenials),
		exempting(asked("data.denials.action", doctor.P1, "An action that people do often was never denied",
			"record its refusals too; where nobody can be refused, --skip data.denials.action:ACTION", lookAtDeniedActions)),
		check("data.actor.machine", doctor.P1, "The actor is called a user and its id is that of a machine",
			"send actor.type system or service for what no person does", func(s *sample, r *doctor.Result) {
				s.machines.report(r, s, "actor_id", "")
			}),
		check("data.ids.token", doctor.P0, "An id is a token or a session's id: whoever reads the trail can use it",
			"send a hash or a name of it; end those sessions and revoke those tokens", func(s *sample, r *doctor.Result) {
				s.tokens.report(r, s, "actor_id, target_id or context.session_id", "")
			}),
		check("data.secrets", doctor.P0, "A secret stands in clear: redaction missed it",
			"add its name or path to the processor's redaction, and change the secret: the event cannot be changed", func(s *sample, r *doctor.Result) {
				for _, column := range sortedKeys(s.secrets) {
					s.secrets[column].report(r, s, column, "")
				}
			}),
		check("data.personal", doctor.P1, "Personal data stands in the content of events: mail addresses, phone, card, account or social security numbers",
			"send ids instead, or add the path to the processor's redaction", func(s *sample, r *doctor.Result) {
				for _, column := range sortedKeys(s.personal) {
					s.personal[column].report(r, s, column, "")
				}
			}),
		check("data.actions.form", doctor.P2, "An action is not of the form noun.verb",
			"name actions like invoice.approve, in lower case", lookAtForm),
		check("data.actions.once", doctor.P2, "An action occurs once and is spelled nearly like a usual one",
			"correct the spelling where it is sent", lookAtSpelling),
		check("data.context", doctor.P2, "A service sends events of people without saying from where",
			"send context.ip, context.request_id and context.user_agent", lookAtContext),
		check("data.chain", doctor.P2, "Operations of several events are not chained",
			"send correlation_id with all events of an operation and causation_id with what follows from another", lookAtChains),
		check("data.flags", doctor.P2, "Many events had to be mended on their way in",
			"send what the flag says is missing or wrong: record.md says what each means", lookAtFlags),
		check("data.time", doctor.P2, "Many events say that they are of later than when they came",
			"run a time service where they are made", func(s *sample, r *doctor.Result) {
				if float64(s.late.events) > flaggedShare*float64(s.events) {
					s.late.report(r, s, "time_unix_nano", "")
				}
			}),
		asked("data.silent", doctor.P1, "A tenant that sent events on most days is silent",
			"ask whether it still sends: see its exporter and the collector's rejections", lookAtSilence),
	}
}

// exempting makes a check one whose subjects --skip leaves out one by one.
func exempting(probe doctor.Probe[*Subject]) doctor.Probe[*Subject] {
	probe.Exempts = true
	return probe
}

// report makes a finding of what was spotted, with ids and never a value.
func (p *spotted) report(r *doctor.Result, s *sample, column, says string) {
	if p.events == 0 {
		return
	}
	if says != "" {
		says += ": "
	}
	r.Find(doctor.Finding{
		Where:  "audit_events, column " + column,
		Detail: fmt.Sprintf("%s%s, such as %s", says, s.share(p.events), eventIDs(p.examples)),
	})
}

// eventIDs names events. An id is the sender's own and may be long.
func eventIDs(ids []string) string {
	named := make([]string, len(ids))
	for i, id := range ids {
		named[i] = "event " + short(id)
	}
	return strings.Join(named, ", ")
}

func lookAtDenials(ctx context.Context, s *Subject, l *login, r *doctor.Result) error {
	rows, err := s.texts(ctx, l, `
		SELECT EXISTS (SELECT FROM {{schema}}.audit_events WHERE outcome = 'denied' AND outcome <> 'success' AND {{whose}})::text,
			(SELECT count(*) FROM (SELECT FROM {{schema}}.audit_events
				WHERE {{whose}} LIMIT $2::int) AS counted)::text`, s.options.Tenant, fewEvents)
	switch {
	case err != nil:
		return err
	case rows[0][0] == "true":
	case rows[0][1] != strconv.Itoa(fewEvents):
		r.NotApplicable("fewer than %d events: no denial among them says nothing", fewEvents)
	default:
		r.Find(doctor.Finding{Where: "audit_events, column outcome", Detail: fmt.Sprintf("none of the events, which are %d and more, is a denial", fewEvents)})
	}
	return nil
}

func lookAtDeniedActions(ctx context.Context, s *Subject, l *login, r *doctor.Result) error {
	events, err := s.reading(ctx, l)
	if err != nil {
		return err
	}
	var never []string
	for _, name := range sortedKeys(events.actions) {
		if events.neverDenied(name) {
			never = append(never, name)
		}
	}
	if len(never) == 0 {
		return nil
	}
	// Before the window, or outside of the sample, they may have been.
	rows, err := s.texts(ctx, l, `
		SELECT DISTINCT action FROM {{schema}}.audit_events
		WHERE outcome = 'denied' AND outcome <> 'success' AND {{whose}} AND action = ANY ($2::text[])`, s.options.Tenant, never)
	if err != nil {
		return err
	}
	for _, name := range never {
		if slices.ContainsFunc(rows, func(row []string) bool { return row[0] == name }) {
			continue
		}
		action := events.actions[name]
		found := doctor.Finding{Subject: name, Where: "action " + actionName(name, action.example)}
		if sibling := events.deniedSibling(name); sibling != "" {
			found.Detail = fmt.Sprintf("likely: %s are of it, none denied, while %s was", events.share(action.people), actionName(sibling, events.actions[sibling].example))
		} else {
			found.Severity = doctor.P2
			found.Detail = fmt.Sprintf("perhaps: %s are of it, none denied; nothing of its noun was, so nobody may be refused it", events.share(action.people))
		}
		r.Find(found)
	}
	return nil
}

// neverDenied reports whether there is evidence that denials of an action are not
// recorded: many events, of several actors, of persons or of a noun with denials.
// One actor may have every right, and a machine is seldom refused anything.
func (s *sample) neverDenied(name string) bool {
	action := s.actions[name]
	return action.denied == 0 && action.people >= oftenEvents && len(action.actors) >= severalActors &&
		(action.persons >= oftenEvents || s.deniedSibling(name) != "")
}

// deniedSibling is an action of the same noun that was denied, "" if none was.
func (s *sample) deniedSibling(name string) string {
	noun, _, ok := strings.Cut(name, ".")
	if !ok {
		return ""
	}
	for _, other := range sortedKeys(s.actions) {
		if strings.HasPrefix(other, noun+".") && s.actions[other].denied > 0 {
			return other
		}
	}
	return ""
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z_.:/ -]{0,63}$`)

// actionName shows an action that is a name. What else stands there may be a
// value: the event says where to look.
func actionName(action, example string) string {
	if plainName.MatchString(action) {
		return action
	}
	return "of event " + short(example)
}

func lookAtForm(s *sample, r *doctor.Result) {
	if s.badActions.events == 0 {
		return
	}
	var named []string
	for _, name := range sortedKeys(s.actions) {
		if !nounVerb.MatchString(name) {
			named = append(named, actionName(name, s.actions[name].example))
		}
	}
	r.Find(doctor.Finding{Where: "audit_events, column action", Detail: fmt.Sprintf("%s: %s", s.share(s.badActions.events), someOf(named, shownNames))})
}

func lookAtSpelling(s *sample, r *doctor.Result) {
	for _, name := range sortedKeys(s.actions) {
		once := s.actions[name]
		if once.all != 1 {
			continue
		}
		for _, usual := range sortedKeys(s.actions) {
			if s.actions[usual].all >= usualEvents && near(name, usual) {
				r.Find(doctor.Finding{
					Where:  "event " + short(once.example),
					Detail: fmt.Sprintf("its action occurs once, and is nearly %s, which occurs %d times", actionName(usual, s.actions[usual].example), s.actions[usual].all),
				})
				break
			}
		}
	}
}

// near reports whether two names differ by one or two letters inserted, left out
// or exchanged, and are long enough for that to be a misspelling.
func near(a, b string) bool {
	const most = 2
	if len(a) < 6 || len(a)-len(b) > most || len(b)-len(a) > most {
		return false
	}
	before := make([]int, len(b)+1)
	for j := range before {
		before[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			exchanged := before[j]
			if a[i] != b[j] {
				exchanged++
			}
			row[j+1] = min(exchanged, before[j+1]+1, row[j]+1)
		}
		before = row
	}
	return before[len(b)] <= most
}

func lookAtContext(s *sample, r *doctor.Result) {
	for _, name := range sortedKeys(s.services) {
		service := s.services[name]
		if service.events < serviceEvents {
			continue
		}
		var lacks []string
		for _, member := range []struct {
			name   string
			events int
		}{{"ip", service.noIP}, {"request_id", service.noRequest}, {"user_agent", service.noUserAgent}} {
			if share := float64(member.events) / float64(service.events); share > lackingShare {
				lacks = append(lacks, fmt.Sprintf("%s (%.0f %%)", member.name, 100*share))
			}
		}
		if len(lacks) > 0 {
			r.Find(doctor.Finding{
				Where:  "service " + cmp.Or(short(name), "without a service.name"),
				Detail: fmt.Sprintf("of %d events of people, these lack in context: %s", service.events, strings.Join(lacks, ", ")),
			})
		}
	}
}

func lookAtChains(s *sample, r *doctor.Result) {
	operations, unchained := 0, spotted{}
	for _, key := range sortedKeys(s.operations) {
		of := s.operations[key]
		if of.events < 2 {
			continue
		}
		operations++
		if !of.chained {
			unchained.add(&sampled{id: of.example})
		}
	}
	if unchained.events >= unchainedEnough {
		r.Find(doctor.Finding{
			Where:  "audit_events, columns correlation_id and causation_id",
			Detail: fmt.Sprintf("%d of %d traces and requests with several events have neither, such as that of %s", unchained.events, operations, eventIDs(unchained.examples)),
		})
	}
}

func lookAtFlags(s *sample, r *doctor.Result) {
	for _, flag := range sortedKeys(s.flagged) {
		if flagged := s.flagged[flag]; float64(flagged.events) > flaggedShare*float64(s.events) {
			flagged.report(r, s, "flags", short(flag))
		}
	}
}

// lookAtSilence reads the newest commit of each tenant, and more of those only
// whose newest is some days old: by the index, however many commits there are.
func lookAtSilence(ctx context.Context, s *Subject, l *login, r *doctor.Result) error {
	rows, err := s.texts(ctx, l, `
		WITH RECURSIVE `+tenantsOfCommits+`, silent AS (
			SELECT tenants.id FROM tenants CROSS JOIN LATERAL (
				SELECT c.recorded_at FROM {{schema}}.audit_commits AS c WHERE c.tenant_id = tenants.id ORDER BY c.epoch DESC, c.size DESC LIMIT 1) AS newest
			WHERE left(tenants.id, 1) <> '_' AND newest.recorded_at >= pg_catalog.clock_timestamp() - $2::text::interval
				AND newest.recorded_at < pg_catalog.clock_timestamp() - pg_catalog.make_interval(days => $3::int)
			LIMIT 25)
		SELECT silent.id, max(recent.recorded_at)::date::text, count(DISTINCT recent.recorded_at::date)::text
		FROM silent CROSS JOIN LATERAL (
			SELECT c.recorded_at FROM {{schema}}.audit_commits AS c WHERE c.tenant_id = silent.id ORDER BY c.epoch DESC, c.size DESC LIMIT 10000) AS recent
		WHERE recent.recorded_at >= pg_catalog.clock_timestamp() - $2::text::interval
		GROUP BY silent.id
		HAVING count(DISTINCT recent.recorded_at::date) >= $4::int
			-- On most of the days on which it sent anything.
			AND count(DISTINCT recent.recorded_at::date) * 2 > max(recent.recorded_at)::date - min(recent.recorded_at)::date
		ORDER BY 1`, s.options.Tenant, s.options.Window.String(), silentDays, activeDays)
	for _, row := range rows {
		r.Find(doctor.Finding{Where: "tenant " + row[0], Detail: fmt.Sprintf("its newest events are of %s, after events on %s of the window", row[1], plural(row[2], "day"))})
	}
	return err
}
