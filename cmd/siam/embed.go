package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/judge"
	"github.com/spf13/cobra"
)

// embedded is what siam embed prints as JSON.
type embedded struct {
	Model      string            `json:"model"` // content hash: embeddings of other hashes must not be compared with these
	Dim        int               `json:"dim"`
	Files      []string          `json:"files"`
	Embeddings [][]float32       `json:"embeddings"`
	Skipped    []dataset.Skipped `json:"skipped"`
}

// embeddedFile is what siam embed --out prints as JSON.
type embeddedFile struct {
	Model string `json:"model"`
	Dim   int    `json:"dim"`
	N     int    `json:"n"`
	File  string `json:"file"`
}

// embedFlags are the flags of siam embed.
type embedFlags struct {
	model, format, out string
	faces              faceFlags
	strict             bool
	shard              shard
}

func (a *app) embedCommand() *cobra.Command {
	var f embedFlags
	cmd := &cobra.Command{
		Use:   "embed --model M FILE|DIR...",
		Short: "embeddings of images as JSON, CSV or .npy",
		Args:  wants("FILE|DIR..."),
		RunE: func(cmd *cobra.Command, files []string) error {
			if ending := strings.TrimPrefix(strings.ToLower(filepath.Ext(f.out)), "."); !cmd.Flags().Changed("format") && (ending == "csv" || ending == "npy") {
				f.format = ending
			}
			return a.embed(cmd.Context(), f, files)
		},
	}
	addModelFlag(cmd, &f.model)
	f.faces.add(cmd)
	addStrictFlag(cmd, &f.strict)
	f.shard.add(cmd)
	cmd.Flags().StringVar(&f.format, "format", "json", "json, csv (file name, then the numbers) or npy (float32 [n, d]); when not given, as the name of --out ends, or json")
	cmd.Flags().StringVarP(&f.out, "out", "o", "", "`file` to write; standard output when not given")
	return cmd
}

func (a *app) embed(ctx context.Context, f embedFlags, files []string) error {
	encode, known := map[string]func(embedded) ([]byte, error){"json": encodeJSON, "csv": encodeCSV, "npy": encodeNPY}[f.format]
	switch {
	case !known:
		return usagef("--format %s: want json, csv or npy", f.format)
	case a.json && f.out == "" && f.format != "json":
		return usagef("--json prints JSON: leave out --format %s, or write it to a file with --out", f.format)
	}
	if err := f.faces.check(); err != nil {
		return err
	}
	if err := checkOut(f.out); err != nil {
		return err
	}
	model, closeModel, err := a.openModel(f.model)
	if err != nil {
		return err
	}
	defer closeModel()
	names, rows, err := a.embedFiles(ctx, model, f, files)
	if err != nil {
		return err
	}
	encoded, err := encode(embedded{model.File().Hash, model.Spec().Dim, names, rows, a.skipped})
	if err != nil {
		return fmt.Errorf("encoding the embeddings as %s: %w", f.format, err)
	}
	if err := a.writeOut(f.out, encoded); err != nil || f.out == "" {
		return err
	}
	written := embeddedFile{model.File().Hash, model.Spec().Dim, len(rows), f.out}
	return a.print(written, fmt.Sprintf("%d embeddings of %d numbers: %s\n", written.N, written.Dim, f.out))
}

// embedFiles embeds images, or the faces in them, a few at a time, and names each embedding. A photograph without a face is
// mentioned and left out.
func (a *app) embedFiles(ctx context.Context, model *siam.Model, f embedFlags, files []string) (names []string, rows [][]float32, err error) {
	view, err := f.faces.view(model, judge.Faces)
	if err != nil {
		return nil, nil, err
	}
	if files, err = a.inFolders(files, f.shard); err != nil {
		return nil, nil, err
	}
	if len(files) == 0 && f.shard.of > 0 {
		return []string{}, [][]float32{}, nil
	}
	p := a.newProgress("embedding", "files", len(files))
	defer p.close()
	var faceless []string
	var failed []*dataset.FileError
	i := 0
	for cuts, err := range view.Cuts(ctx, files, dataset.Photos(ctx, files, view.Enough)) {
		if file, ok := errors.AsType[*dataset.FileError](err); ok && !f.strict {
			failed = append(failed, file)
		} else if err != nil {
			return nil, nil, err
		} else if len(cuts) == 0 {
			faceless = append(faceless, files[i])
		}
		for j, cut := range cuts {
			names, rows = append(names, judge.NameOf(files[i], j, len(cuts))), append(rows, cut.Embedding)
		}
		p.add(1)
		i++
	}
	switch {
	case len(failed) == len(files):
		return nil, nil, failed[0]
	case len(rows) == 0:
		return nil, nil, fmt.Errorf("no face was found in %s: embed without --faces", strings.Join(faceless, ", "))
	}
	for _, file := range faceless {
		a.leaveFaceless(file)
	}
	a.leaveOut(failed, len(files))
	return names, rows, nil
}

// inFolders puts the images of folders in place of their names, and takes those of a part.
func (a *app) inFolders(names []string, part shard) (files []string, err error) {
	a.skip(nil)
	for _, name := range names {
		if info, err := os.Stat(name); err != nil || !info.IsDir() {
			if part.has(name) {
				files = append(files, name) // what is wrong with it will be said
			}
			continue
		}
		folder, err := openData(name)
		if err != nil {
			return nil, err
		}
		found, err := folder.List()
		if err == nil {
			err = found.Check(folder)
		}
		if err != nil {
			return nil, err
		}
		inside := func(file string) string { return filepath.Join(name, filepath.FromSlash(file)) }
		for i := range found.Skipped {
			found.Skipped[i].File = inside(found.Skipped[i].File)
		}
		a.skip(found.Skipped)
		for _, image := range part.only(found.Images) {
			files = append(files, inside(image))
		}
	}
	return files, nil
}

func encodeJSON(e embedded) ([]byte, error) {
	encoded, err := json.Marshal(e)
	return append(encoded, '\n'), err
}

func encodeCSV(e embedded) ([]byte, error) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	for i, row := range e.Embeddings {
		record := []string{e.Files[i]}
		for _, v := range row {
			record = append(record, strconv.FormatFloat(float64(v), 'g', -1, 32))
		}
		if err := w.Write(record); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return []byte(b.String()), w.Error()
}
