package main

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/metric"
	"github.com/siam-go/siam/recipe"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// completion is what a shell is told when somebody presses the tab key.
type completion = func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective)

// words completes one of some words, and never a file.
func words(list ...string) completion {
	return func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return beginning(list, begun), cobra.ShellCompDirectiveNoFileComp
	}
}

// beginning are those of a list that begin so.
func beginning(list []string, begun string) (some []string) {
	for _, word := range list {
		if strings.HasPrefix(word, begun) {
			some = append(some, word)
		}
	}
	return some
}

// filesEnding completes files of some endings, and folders on the way to them.
func filesEnding(ends ...string) completion {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return ends, cobra.ShellCompDirectiveFilterFileExt
	}
}

// flagCompletions are those of flags, by "command --flag", or "--flag" for all commands that have it.
func flagCompletions() map[string]completion {
	models, networks := filesEnding("safetensors"), filesEnding("onnx")
	return map[string]completion{
		"--model": models, "--init": models, "--compatible-with": models, "--against": models, "--safetensors": models, "--onnx": networks, "--detector": networks,
		"--report": filesEnding("html"), "--backend": words(siam.Backends()...), "--precision": words("fp32", "bf16", "bf16x3"), "--set": completeSetting,
		"--gallery": completeGallery, "--db": completeStore, "--id": completeID,
		"embed --format": words("json", "csv", "npy"), "embed --out": filesEnding("json", "csv", "npy"),
		"track --format": words(append(slices.Clone(mot.Formats), "jsonl")...), "track --tracker": words(trackerNames()...),
		"map --method": words("tsne", "pca"), "map --out": filesEnding("html", "svg", "png"), "cluster --sheet": filesEnding("png"),
		"cluster --linkage": words("average", "complete", "single"), "eval oneshot --baseline": words("pixel", "hausdorff"),
		"import --pool": words("mean", "cls"), "import --align": words("arcface", "retail"), "import --distance": words(distanceNames()...),
		"serve key add --role":       words("identify", "enroll", "review", "admin"),
		"gallery create --kind":      words(string(gallery.Watch), string(gallery.Access)),
		"gallery create --represent": words(string(gallery.Nearest), string(gallery.Mean)),
	}
}

func trackerNames() (names []string) {
	for _, t := range trackers {
		names = append(names, t.name)
	}
	return names
}

func distanceNames() (names []string) {
	for _, d := range distance.All() {
		names = append(names, d.Name)
	}
	return names
}

// argumentCompletions are those of arguments, by command.
func argumentCompletions() map[string]completion {
	var data []string
	for _, d := range slices.Concat(dataset.Downloads(), dataset.Networks()) {
		data = append(data, cobra.CompletionWithDesc(d.Name, d.Summary))
	}
	var recipes []string
	for _, r := range recipe.All() {
		recipes = append(recipes, cobra.CompletionWithDesc(r.Name, r.Summary))
	}
	return map[string]completion{
		"train": once(words(recipes...)), "data get": once(words(data...)), "data generate": once(words("alphabets", "runs")),
		"bench": once(words("conv4", "koch", "faces")), "info": filesEnding("safetensors", "onnx"), "eval compare": filesEnding("json"),
		"gallery remove": completeID, "gallery rename": once(completeID), "gallery merge": completeID, "gallery import": filesEnding("jsonl", "json"),
	}
}

// once completes the first argument only.
func once(first completion) completion {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return first(cmd, args, begun)
	}
}

// addCompletions tells cmd and all below it how to complete their flags and arguments.
func addCompletions(cmd *cobra.Command) {
	flags, arguments := flagCompletions(), argumentCompletions()
	var add func(cmd *cobra.Command)
	add = func(cmd *cobra.Command) {
		path := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
		if complete := arguments[path]; complete != nil {
			cmd.ValidArgsFunction = complete
		}
		register := func(flag *pflag.Flag) {
			complete := flags[path+" --"+flag.Name]
			if complete == nil {
				complete = flags["--"+flag.Name]
			}
			if complete == nil && flag.Value.Type() != "string" && flag.Value.Type() != "bool" { // numbers are no files
				complete = words()
			}
			if complete != nil {
				cmd.RegisterFlagCompletionFunc(flag.Name, complete) // it fails for the second of two only
			}
		}
		cmd.Flags().VisitAll(register)
		cmd.PersistentFlags().VisitAll(register)
		for _, sub := range cmd.Commands() {
			add(sub)
		}
	}
	add(cmd)
}

// completeSetting completes KEY=VALUE of the recipe that is named.
func completeSetting(_ *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	r, err := recipe.ByName(args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	key, _, valued := strings.Cut(begun, "=")
	var list []string
	for _, s := range r.Settings.List() {
		switch {
		case !valued:
			list = append(list, cobra.CompletionWithDesc(s.Name+"=", s.Wants+", now "+cmp.Or(s.Value, "none")))
		case s.Name == key:
			for _, value := range valuesOf(s) {
				list = append(list, key+"="+value)
			}
		}
	}
	list = beginning(list, begun)
	if !valued {
		return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// valuesOf are values that a setting may have: all where they are words, and the one it has elsewhere.
func valuesOf(s recipe.Setting) []string {
	switch {
	case s.Name == "encoder":
		return encoder.Architectures()
	case s.Name == "objective":
		return append([]string{"pairs", "all_pairs"}, metric.LossNames()...)
	case s.Name == "mining":
		return metric.MinerNames()
	case s.Name == "optimizer":
		return []string{"sgd", "adam", "adamw"}
	case s.Name == "distort":
		return []string{"none", "koch", "moderate", "light", "photo"}
	case s.Wants == "true or false":
		return []string{"true", "false"}
	case s.Value != "":
		return []string{s.Value}
	}
	return nil
}

// completeStore completes the address of a SQLite file.
func completeStore(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	name := strings.TrimPrefix(begun, "sqlite:")
	files, _ := filepath.Glob(name + "*.db") // a wrong pattern has no files
	for i, file := range files {
		files[i] = "sqlite:" + file
	}
	if len(files) == 0 {
		files = []string{"sqlite:"}
	}
	return files, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// storeOf opens the store that the flags of a line name, as far as it is typed.
func storeOf(cmd *cobra.Command) (gallery.Store, error) {
	o := storeOptions{url: cmd.Flag("db").Value.String()}
	if key := cmd.Flag("key-file"); key != nil {
		o.keyFile = key.Value.String()
	}
	return openStore(cmd.Context(), o)
}

// completeGallery completes the name of a gallery of the store that --db names.
func completeGallery(cmd *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	store, err := storeOf(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer store.Close()
	all, err := store.Galleries(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, g := range all {
		names = append(names, cobra.CompletionWithDesc(g.Name, string(g.Kind)))
	}
	return beginning(names, begun), cobra.ShellCompDirectiveNoFileComp
}

// completeID completes whom a gallery has enrolled.
func completeID(cmd *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	name := cmd.Flag("gallery")
	if name == nil || cmd.Flag("db") == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	store, err := storeOf(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer store.Close()
	g, err := gallery.OpenNamed(cmd.Context(), store, name.Value.String())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ids, err := g.List(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []string
	for _, id := range ids {
		names = append(names, id.ID)
	}
	return beginning(names, begun), cobra.ShellCompDirectiveNoFileComp
}
