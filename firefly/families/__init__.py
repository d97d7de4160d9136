"""What the files of a project say, by family of languages: facts that sandboxes and builds decide by alike."""
