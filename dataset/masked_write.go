package dataset

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/siam-go/siam/internal/atomicfile"
)

// WriteMasked saves a set as a folder that [ReadMasked] reads, dir/images/CLASS/NNNN.png with dir/masks/CLASS/NNNN.png. The folder must
// not exist yet; it appears when all of it is written.
func WriteMasked(ctx context.Context, s *Set, dir string) error {
	return atomicfile.Folder(dir, func(partial string) error {
		for label, items := range s.ByClass() {
			for n, i := range items {
				if err := ctx.Err(); err != nil {
					return err
				}
				for kind, m := range map[string]Item{"images": s.Items[i], "masks": {Image: s.Items[i].Mask}} {
					folder := filepath.Join(partial, kind, s.Classes[label].Name)
					if err := os.MkdirAll(folder, 0o755); err != nil {
						return err
					}
					if err := writePNG(filepath.Join(folder, fmt.Sprintf("%04d.png", n+1)), m.Image); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}
