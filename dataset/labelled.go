package dataset

import "context"

// ReadLabelled reads a folder of labelled images to judge on, whichever its layout: alphabets of characters
// ([ReadEvaluation]), MNIST's files ([ReadIDX]) or identities ([ReadIdentities]).
func ReadLabelled(ctx context.Context, f Folder, o AlphabetOptions) (*Set, error) {
	if f.isIDX() {
		return ReadIDX(ctx, f)
	}
	half, err := f.half(evaluationFolder, backgroundFolder)
	if err != nil {
		return nil, err
	}
	folders, images, err := half.list(".")
	switch {
	case err != nil:
		return nil, err
	case len(images) > 0 && len(folders) == 0:
		return ReadIdentities(ctx, half)
	}
	for _, folder := range folders {
		if _, images, err := half.list(folder); err == nil && len(images) > 0 {
			return ReadIdentities(ctx, half)
		}
	}
	return ReadAlphabets(ctx, half, o)
}
