package cli

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// refuseEmpty refuses flags that were given with an empty text, or with one in
// their list, except the named ones. Behind --actor "$UNSET" an empty filter would
// answer a wider question than the one asked.
func refuseEmpty(cmd *cobra.Command, except ...string) error {
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && isEmpty(f.Value) && !slices.Contains(except, f.Name) {
			err = usageError("leave the flag out instead", "--%s is empty", f.Name)
		}
	})
	return err
}

// isEmpty reports whether a text, or one of a list, is empty.
func isEmpty(v pflag.Value) bool {
	if list, ok := v.(pflag.SliceValue); ok {
		texts := list.GetSlice()
		return len(texts) == 0 || slices.Contains(texts, "")
	}
	return v.Type() == "string" && v.String() == ""
}
