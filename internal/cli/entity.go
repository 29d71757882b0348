package cli

import (
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"
)

// entity is an actor or a target as flags name it. Either member may be empty.
type entity struct{ kind, id string }

// object is {"type":…,"id":…} with what is there, nil where nothing is.
func (e entity) object() json.RawMessage {
	if e == (entity{}) {
		return nil
	}
	dst := []byte{'{'}
	if e.kind != "" {
		dst = appendString(append(dst, `"type":`...), e.kind)
	}
	if e.id != "" {
		if e.kind != "" {
			dst = append(dst, ',')
		}
		dst = appendString(append(dst, `"id":`...), e.id)
	}
	return append(dst, '}')
}

// entityFlags are the three flags of one entity: --actor TYPE:ID, or
// --actor-type and --actor-id.
type entityFlags struct {
	name           string
	both, kind, id string
}

func (f *entityFlags) register(cmd *cobra.Command, name, what string) {
	f.name = name
	cmd.Flags().StringVar(&f.both, name, "", what+" as `TYPE:ID`, split at the first colon")
	cmd.Flags().StringVar(&f.kind, name+"-type", "", "type of the "+name+" alone")
	cmd.Flags().StringVar(&f.id, name+"-id", "", "id of the "+name+" alone")
}

func (f *entityFlags) given() bool { return f.both != "" || f.kind != "" || f.id != "" }

func (f *entityFlags) parse() (entity, error) {
	if f.both == "" {
		return entity{kind: f.kind, id: f.id}, nil
	}
	if f.kind != "" || f.id != "" {
		return entity{}, usageError("use one form or the other", "--%s excludes --%s-type and --%s-id", f.name, f.name, f.name)
	}
	kind, id, found := strings.Cut(f.both, ":")
	if !found || kind == "" || id == "" {
		return entity{}, usageError("write TYPE:ID such as user:alice; for one of the two alone there are --"+f.name+"-type and --"+f.name+"-id",
			"--%s %q is not TYPE:ID", f.name, f.both)
	}
	return entity{kind: kind, id: id}, nil
}
