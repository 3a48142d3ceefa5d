package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/internal/atomicfile"
	"github.com/spf13/cobra"
)

func (a *app) galleryExportCommand() *cobra.Command {
	var f galleryFlags
	var out, id string
	cmd := &cobra.Command{
		Use:   "export --db URL [--out FILE]",
		Short: "write a gallery, or all that is known about one id, as JSON lines",
		Long: `Writes the gallery's settings and its entries with embeddings and crops, a JSON object in each line, for siam gallery import.
With --id it writes all that is known about one id, also in the review queue and in the audit log: what somebody may ask to see.
What is written is not encrypted.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkOut(out); err != nil {
				return err
			}
			return f.withGallery(cmd.Context(), func(g *gallery.Gallery) error { return a.galleryExport(cmd.Context(), g, out, id) })
		},
	}
	f.add(cmd)
	cmd.Flags().StringVarP(&out, "out", "o", "", "`file` to write; standard output when not given")
	cmd.Flags().StringVar(&id, "id", "", "all about this id only")
	return cmd
}

func (a *app) galleryExport(ctx context.Context, g *gallery.Gallery, out, id string) error {
	if out == "" {
		return notFound(g.Export(ctx, a.stdout, id))
	}
	err := atomicfile.Write(out, func(w io.Writer) error { return g.Export(ctx, w, id) })
	if err == nil {
		err = os.Chmod(out, 0o600) // faces and names
	}
	if err != nil {
		return notFound(err)
	}
	return a.print(map[string]string{"file": out}, "exported to "+out+"\n")
}

func (a *app) galleryImportCommand() *cobra.Command {
	var f galleryFlags
	cmd := &cobra.Command{
		Use:   "import --db URL FILE",
		Short: "add the entries of an export, or embeddings from elsewhere, to a gallery",
		Long: `Adds entries from JSON lines: an export's, or {"id": "Anna", "embedding": [...], "model": "HASH"} alone, where HASH is the content
hash of the model that made the embedding, as siam info and siam embed tell it. Entries that are there already stay as they are, so
that an import that was broken off can be repeated. FILE - is standard input.`,
		Args: wants("FILE"),
		RunE: func(cmd *cobra.Command, files []string) error { return a.galleryImport(cmd.Context(), f, files[0]) },
	}
	f.add(cmd)
	return cmd
}

func (a *app) galleryImport(ctx context.Context, f galleryFlags, file string) error {
	from := a.stdin
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		defer opened.Close()
		from = opened
	}
	return f.withGallery(ctx, func(g *gallery.Gallery) error {
		done, err := g.Import(ctx, from)
		if err != nil {
			return fmt.Errorf("%w (%d entries were added before)", err, done.Entries)
		}
		return a.print(done, fmt.Sprintf("added %d entries to gallery %q, %d were there already\n", done.Entries, f.name, done.Already))
	})
}

// backuper is a store that can copy itself while it is used.
type backuper interface {
	Backup(ctx context.Context, file string) error
}

func (a *app) galleryBackupCommand() *cobra.Command {
	var f galleryFlags
	var out string
	cmd := &cobra.Command{
		Use:   "backup --db URL --out FILE",
		Short: "copy a whole store while it is in use",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usagef("gallery backup: --out is missing: name the file to write")
			}
			return f.withStore(cmd.Context(), func(store gallery.Store) error {
				able, ok := store.(backuper)
				if !ok {
					return fmt.Errorf("a store of this kind is backed up with its server's own tools")
				}
				if err := able.Backup(cmd.Context(), out); err != nil {
					return err
				}
				return a.print(map[string]string{"file": out}, "copied to "+out+"\n")
			})
		},
	}
	f.addStore(cmd)
	cmd.Flags().StringVarP(&out, "out", "o", "", "`file` to write")
	return cmd
}
