package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usageError is a mistake in how a command was called: exit code 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// misused is a usage error that names the command that was called wrongly and points to its help.
func misused(cmd *cobra.Command, format string, args ...any) error {
	where := ""
	if cmd.HasParent() {
		where = strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ") + ": "
	}
	return usagef("%s%s; see: %s --help", where, fmt.Sprintf(format, args...), cmd.CommandPath())
}

// wants accepts exactly as many arguments as it has names; when the last name ends in "...", any more of it too.
func wants(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		more := len(names) > 0 && strings.HasSuffix(names[len(names)-1], "...")
		switch {
		case len(args) == len(names) || more && len(args) > len(names):
			return nil
		case len(args) < len(names):
			return fmt.Errorf("%s is missing", names[len(args)])
		}
		return fmt.Errorf("unexpected %q", args[len(names)])
	}
}

// runsItself annotates a command that does something without any of the commands below it.
const runsItself = "runs itself"

// listsNothing is the mistake of a flag with a list of names that is given none, as by a variable that is not set: it must not mean all.
func listsNothing(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if list, is := f.Value.(pflag.SliceValue); is && len(list.GetSlice()) == 0 {
			err = misused(cmd, "--%s names nothing: leave it out, or name some", f.Name)
		}
	})
	return err
}

// strict makes a missing or unknown command, a wrong number of arguments, and a list of nothing, a usage error for cmd and all below it.
func strict(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = wants()
	}
	if cmd.HasSubCommands() && cmd.Annotations[runsItself] == "" {
		check = oneOfThe(cmd.Commands())
		cmd.RunE = func(*cobra.Command, []string) error { return nil } // for cobra to look at Args, which always fails
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return misused(cmd, "%v", err)
		}
		return listsNothing(cmd)
	}
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
}

// oneOfThe refuses what is not the name of a command.
func oneOfThe(commands []*cobra.Command) cobra.PositionalArgs {
	var names []string
	for _, cmd := range commands {
		names = append(names, cmd.Name())
	}
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("a command is missing: want one of %s", strings.Join(names, ", "))
		}
		cmd.SuggestionsMinimumDistance = 2
		if close := cmd.SuggestionsFor(args[0]); len(close) > 0 {
			return fmt.Errorf("no command %q, perhaps %s", args[0], strings.Join(close, " or "))
		}
		return fmt.Errorf("no command %q: want one of %s", args[0], strings.Join(names, ", "))
	}
}

// badFlag says what is wrong with a flag without naming Go's types and functions.
func badFlag(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return misused(cmd, "%v", err)
	}
	kinds := map[string]string{"uint64": "a whole number of at least 0", "int": "a whole number", "bool": "true or false"}
	flag := invalid.GetFlag()
	kind, known := kinds[flag.Value.Type()]
	if !known {
		kind = "a " + flag.Value.Type()
	}
	return misused(cmd, "--%s %s: want %s", flag.Name, invalid.GetValue(), kind)
}
