package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/spf13/cobra"
)

func (a *app) dataCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "data", Short: "list, download or generate data sets and networks"}
	cmd.AddCommand(a.dataListCommand(), a.dataGetCommand(), a.dataGenerateCommand())
	return cmd
}

func (a *app) dataListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "public data sets and networks, with licence and home",
		RunE: func(*cobra.Command, []string) error {
			var b strings.Builder
			for _, d := range slices.Concat(dataset.Downloads(), dataset.Networks()) {
				fmt.Fprintf(&b, "%-14s %s\n%14s licence: %s\n", d.Name, d.Summary, "", d.Licence)
			}
			return a.print(map[string]any{"data_sets": dataset.Downloads(), "networks": dataset.Networks()}, b.String())
		},
	}
}

func (a *app) dataGetCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "get NAME",
		Short: "download a public data set or network from its home, check it and unpack it",
		Args:  wants("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var names []string
			for _, d := range slices.Concat(dataset.Downloads(), dataset.Networks()) {
				if d.Name == args[0] {
					return a.download(cmd, d, dir)
				}
				names = append(names, d.Name)
			}
			return usagef("unknown data set or network %q: want one of %s", args[0], strings.Join(names, ", "))
		},
	}
	cmd.Flags().StringVarP(&dir, "out", "o", "data", "folder to make its folder in")
	return cmd
}

// gotten is what siam data get prints as JSON.
type gotten struct {
	Name   string `json:"name"`
	Folder string `json:"folder"`
}

func (a *app) download(cmd *cobra.Command, d dataset.Download, dir string) error {
	fmt.Fprintf(a.stderr, "%s: %s\nlicence: %s\n", d.Name, d.Summary, d.Licence)
	for _, file := range d.Files {
		check := "sha256 " + file.SHA256
		if file.SHA256 == "" {
			check = "no checksum is published"
		}
		fmt.Fprintf(a.stderr, "from %s (%s)\n", file.URL, check)
	}
	folder, err := d.Get(cmd.Context(), &http.Client{Transport: watchedTransport{a}}, dir)
	if err != nil {
		return err
	}
	return a.print(gotten{d.Name, folder}, folder+"\n")
}
