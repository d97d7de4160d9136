"""What joins parts that do not know one another: each adapter fulfils one seam with another part."""
