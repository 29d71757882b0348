package otlpmap

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelaudit/otelaudit/internal/record"
)

// Options configure a Decoder. The zero Options are the defaults.
type Options struct {
	// TenantAttributes are the names that claim a tenant, looked for on the
	// record, the scope and the resource, first to last. Nil means
	// DefaultTenantAttributes; an empty list means that nothing claims one
	// (what a decoder of canonical records needs).
	TenantAttributes []string
	// Keep selects by name which of the other attributes, and which members of
	// the remaining body ("body" or "body.<name>"), become part of the record;
	// "*" stands for any text and "?" for one character. Nil keeps all, an
	// empty list none. It does not apply to records in canonical form, for
	// which it was decided before.
	Keep []string
	// SamplingAttribute is the name of the sampler's mark, which is never part
	// of a record. "" means DefaultSamplingAttribute. "sampling.*" never is.
	SamplingAttribute string
}

// DefaultTenantAttributes returns the names that claim a tenant by default.
func DefaultTenantAttributes() []string {
	return []string{
		"audit.tenant.id", "audit.tenantId", "audit.tenant_id", "audit.context.tenantId", "audit.context.tenant_id",
		"tenant.id", "tenantId", "tenant_id",
	}
}

// Decoder turns log records into audit records. It is safe for concurrent use.
type Decoder struct {
	opts  Options
	keep  keeper
	claim []claimName
}

// NewDecoder returns a Decoder with these options.
func NewDecoder(opts Options) *Decoder {
	if opts.TenantAttributes == nil {
		opts.TenantAttributes = DefaultTenantAttributes()
	}
	if opts.SamplingAttribute == "" {
		opts.SamplingAttribute = DefaultSamplingAttribute
	}
	return &Decoder{opts: opts, keep: newKeeper(opts.Keep), claim: claimNames(opts.TenantAttributes)}
}

// Level says where a tenant claim stood.
type Level string

// The levels of a claim, in the order in which they count.
const (
	LevelRecord   Level = "record"
	LevelScope    Level = "scope"
	LevelResource Level = "resource"
)

// Claim is one statement of the sender that a record belongs to a tenant.
type Claim struct {
	Level     Level
	Attribute string // as configured
	Value     string // trimmed, not empty
}

// Decoded is what a log record says.
type Decoded struct {
	// Record is never nil, unless Mark is set. With a Problem it holds what
	// could be read. TenantID is the first claim.
	Record *record.Record
	// Claims are all claims to a tenant: those of the record, then of the
	// scope, then of the resource, each in the configured order. Claims of one
	// level that differ are for the caller to judge.
	Claims []Claim
	// Problem says why this cannot become an event, nil if it may.
	Problem *record.Problem
	// Mark is the quarantine mark of a trusted sender.
	Mark *QuarantineMark
	// MAC is the origin MAC of a record in canonical form, as its processor wrote
	// it, "" where there is none. Nobody has checked it yet.
	MAC string
	// Canonical says that the record came in canonical form from a trusted
	// sender: everything has been decided and stamped before.
	Canonical bool
}

// Decode reads an audit log record (see IsAudit). A trusted sender is one of
// our own components or an allow-listed forwarder: its canonical form, flags,
// original, source and quarantine mark are believed, anybody else's are not.
//
// The record shares the text of the log record, not its structure: the log
// record may be overwritten afterwards. For many records of one scope, From
// saves work.
func (d *Decoder) Decode(resource pcommon.Resource, scope pcommon.InstrumentationScope, lr plog.LogRecord, trusted bool) Decoded {
	if trusted && len(d.claim) == 0 {
		if out, ok := d.decodeOurs(lr, nil); ok {
			return out
		}
	}
	return d.From(resource, scope).Decode(lr, trusted)
}

// Decode reads an audit log record of this resource and scope, as
// Decoder.Decode does. What it returns is valid until the next call.
func (f *From) Decode(lr plog.LogRecord, trusted bool) Decoded {
	if trusted {
		if f.canonical == nil && isCanonical(lr) {
			f.canonical = &canonicalReader{}
		}
		if out, ok := f.decoder.decodeOurs(lr, f.canonical); ok {
			if out.Record != nil {
				out.Claims = f.canonicalClaims(out.Record)
			}
			return out
		}
	}
	return f.decodeShapes(lr, trusted)
}

// decodeOurs reads what one of our components wrote: a mark or the canonical
// form, that into the memory of c or, where c is nil, into its own. ok is false
// for anything else.
func (d *Decoder) decodeOurs(lr plog.LogRecord, c *canonicalReader) (out Decoded, ok bool) {
	if mark, ok := QuarantineMarkOf(lr); ok {
		kept := mark // so that a record without a mark allocates none
		return Decoded{Mark: &kept}, true
	}
	if isCanonical(lr) {
		if c == nil {
			c = &canonicalReader{}
		}
		return d.decodeCanonical(lr, c), true
	}
	return Decoded{}, false
}

func isCanonical(lr plog.LogRecord) bool {
	v, ok := lr.Attributes().Get(AttrCanonical)
	return ok && v.Type() == pcommon.ValueTypeInt && v.Int() == canonicalVersion
}
