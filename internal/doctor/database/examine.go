package database

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/otelaudit/otelaudit/internal/record"
	"github.com/otelaudit/otelaudit/internal/stage"
)

// credentials are what secrets of well-known kinds look like, beyond what
// redaction knows by name.
var credentials = []string{
	`\b(?:sk|pk|rk)_(?:live|test)_[0-9A-Za-z]{16,}`,  // Stripe
	`\bgh[pousr]_[0-9A-Za-z]{30,}`,                   // GitHub
	`\bgithub_pat_[0-9A-Za-z_]{30,}`,                 // GitHub
	`\bglpat-[0-9A-Za-z_-]{20,}`,                     // GitLab
	`\bxox[abeoprs]-[0-9A-Za-z-]{10,}`,               // Slack
	`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`,                  // AWS
	`\bAIza[0-9A-Za-z_-]{35}`,                        // Google
	`-----BEGIN [A-Z ]*PRIVATE KEY-----`,             // PEM
	`\b[a-z][a-z0-9+.-]*://[^\s:/@]+:[^\s/@]{3,}@\S`, // a URL with a password
}

// Expressions for what is personal. None is exact; a finding names the column
// and the event, and a person looks.
var (
	emailAddress = regexp.MustCompile(`\b[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b`)
	phoneNumber  = regexp.MustCompile(`(?:^|[^0-9A-Za-z+])\+[1-9][0-9](?:[ ().-]?[0-9]){7,12}(?:$|[^0-9A-Za-z])`)
	socialNumber = regexp.MustCompile(`(?:^|[^0-9-])[0-8]\d{2}-\d{2}-\d{4}(?:$|[^0-9-])`)
	bankAccount  = regexp.MustCompile(`\b[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){3,7}(?: ?[0-9A-Z]{1,3})?\b`)

	nounVerb    = regexp.MustCompile(`^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+$`)
	uuid        = regexp.MustCompile(`^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	tokenLike   = regexp.MustCompile(`^[A-Za-z0-9+/_=.-]{32,}$`)
	jwt         = regexp.MustCompile(`^eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$`)
	machineName = regexp.MustCompile(`(?i)^(?:cron|system|root|service|daemon|scheduler|worker|job|batch|bot|admin@localhost|nobody|www-data|postgres|localhost)(?:[-_.:/].*)?$`)
)

// examiner looks at events one by one. It is for one goroutine.
type examiner struct {
	redactor    *stage.Redactor // what redaction masks wherever it runs
	plain       *stage.Redactor // names alone
	cards       *stage.Redactor // and card numbers, which are personal
	credentials []*regexp.Regexp
}

func newExaminer() (*examiner, error) {
	x := &examiner{}
	patterns := []string{stage.PatternJWT, stage.PatternBearer}
	for _, expression := range credentials {
		patterns = append(patterns, stage.PatternRegexp+expression)
		compiled, err := regexp.Compile(expression)
		if err != nil {
			return nil, err
		}
		x.credentials = append(x.credentials, compiled)
	}
	var err error
	if x.redactor, err = stage.NewRedactor(stage.Rules{ValuePatterns: patterns}); err != nil {
		return nil, err
	}
	if x.plain, err = stage.NewRedactor(stage.Rules{}); err != nil {
		return nil, err
	}
	x.cards, err = stage.NewRedactor(stage.Rules{ValuePatterns: []string{stage.PatternCardNumber}})
	return x, err
}

// look adds an event to the sample.
func (x *examiner) look(e *sampled, s *sample) {
	s.events++
	x.count(e, s)
	x.operation(e, s)
	if e.afterArrival {
		s.late.add(e)
	}
	for _, flag := range e.flags {
		spot(s.flagged, flag, e)
	}
	if !nounVerb.MatchString(e.action) {
		s.badActions.add(e)
	}
	if strings.EqualFold(e.actorType, "user") && machineName.MatchString(e.actorID) {
		s.machines.add(e)
	}
	if x.isToken(e.actorID, true) || x.isToken(e.targetID, sessionType(e.targetType)) || x.isToken(e.column("context").Get("session_id").Text(), true) {
		s.tokens.add(e)
	}
	x.secrets(e, s)
	x.personal(e, s)
}

func (x *examiner) count(e *sampled, s *sample) {
	action := s.actions[e.action]
	if action == nil {
		action = &actionCount{example: e.id, actors: make(map[string]bool)}
		s.actions[e.action] = action
	}
	action.all++
	if e.outcome == record.OutcomeDenied {
		action.denied++
	}
	if !e.byPeople() {
		return
	}
	action.people++
	if e.byPerson() {
		action.persons++
	}
	if len(action.actors) < severalActors {
		action.actors[e.tenant+" "+e.actorID] = true
	}
	name := e.column("source").Get("service.name").Text()
	service := s.services[name]
	if service == nil {
		service = &contextCount{}
		s.services[name] = service
	}
	service.events++
	if e.clientIP == "" {
		service.noIP++
	}
	if e.requestID == "" {
		service.noRequest++
	}
	if e.column("context").Get("user_agent").Text() == "" {
		service.noUserAgent++
	}
}

// operation counts the events of a trace or, without one, of a request.
func (x *examiner) operation(e *sampled, s *sample) {
	of := e.traceID
	if of == "" {
		of = e.requestID
	}
	if of == "" {
		return
	}
	key := e.tenant + "\x00" + of
	if s.operations[key] == nil {
		s.operations[key] = &operation{example: e.id}
	}
	s.operations[key].events++
	if e.correlationID != "" || e.causationID != "" {
		s.operations[key].chained = true
	}
}

func sessionType(targetType string) bool {
	switch strings.ToLower(targetType) {
	case "session", "token", "api_key", "apikey", "access_token", "refresh_token":
		return true
	}
	return false
}

// isToken says whether an id is a credential; by entropy, too, where random ids
// of that length are not usual.
func (x *examiner) isToken(id string, byEntropy bool) bool {
	if len(id) < 20 || uuid.MatchString(id) {
		return false
	}
	if jwt.MatchString(id) {
		return true
	}
	for _, credential := range x.credentials {
		if credential.MatchString(id) {
			return true
		}
	}
	return byEntropy && tokenLike.MatchString(id) && strings.ContainsAny(id, "0123456789") && entropy(id) > 3.5
}

// entropy is that of the bytes of a text, in bits per byte: random hexadecimal
// digits have some 3.8, random base64 some 5 and words 3 and less of this length.
func entropy(text string) float64 {
	var counts [256]int
	for i := range len(text) {
		counts[text[i]]++
	}
	bits := 0.0
	for _, n := range &counts {
		if n > 0 {
			p := float64(n) / float64(len(text))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// secrets counts the columns in which redaction, as it is by default and with the
// patterns for secrets, would mask something that stands there in clear.
func (x *examiner) secrets(e *sampled, s *sample) {
	if whole := e.record(""); x.redactor.Record(&whole) == 0 {
		return
	}
	for _, column := range append([]string{"reason"}, jsonColumns[:]...) {
		if alone := e.record(column); x.redactor.Record(&alone) > 0 {
			spot(s.secrets, column, e)
		}
	}
}

// record makes a record of one column, of all for "".
func (e *sampled) record(column string) record.Record {
	of := func(name string) record.Value {
		if column != "" && column != name {
			return record.Value{}
		}
		return e.column(name)
	}
	r := record.Record{
		Actor: of("actor"), Target: of("target"), Changes: of("changes"), Context: of("context"), Payload: of("payload"),
		Attributes: of("attributes"), Body: of("body"), Original: of("original"), Source: of("source"),
	}
	if column == "" || column == "reason" {
		r.Reason = e.reason
	}
	return r
}

// personal counts the columns of content that hold personal data.
func (x *examiner) personal(e *sampled, s *sample) {
	for _, column := range []string{"changes", "payload", "body"} {
		value := e.column(column)
		if value.IsAbsent() {
			continue
		}
		named, all := e.record(column), e.record(column)
		if x.cards.Record(&all) > x.plain.Record(&named) || anyText(value, isPersonal) {
			spot(s.personal, column, e)
		}
	}
}

// anyText reports whether a text within a value fits.
func anyText(v record.Value, fits func(string) bool) bool {
	if v.Kind() == record.String {
		return fits(v.Text())
	}
	for _, member := range v.Members() {
		if anyText(member.Value, fits) {
			return true
		}
	}
	return false
}

func isPersonal(text string) bool {
	return len(text) > 5 && (emailAddress.MatchString(text) || phoneNumber.MatchString(text) || socialNumber.MatchString(text) || hasIBAN(text))
}

// hasIBAN reports whether a text has an account number with right check digits
// (ISO 13616: modulo 97).
func hasIBAN(text string) bool {
	for _, found := range bankAccount.FindAllString(text, 8) {
		number := strings.ReplaceAll(found, " ", "")
		rest := 0
		for _, c := range number[4:] + number[:4] {
			digits := string(c)
			if c >= 'A' {
				digits = strconv.Itoa(int(c-'A') + 10)
			}
			for _, d := range digits {
				rest = (rest*10 + int(d-'0')) % 97
			}
		}
		if rest == 1 {
			return true
		}
	}
	return false
}
