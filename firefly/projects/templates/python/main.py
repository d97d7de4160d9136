"""Run me: change something, save, and look at the output."""

from collections import Counter


def count_letters(text: str) -> Counter[str]:
    return Counter(char for char in text.lower() if char.isalpha())


def main() -> None:
    text = "A firefly lights its own way through the night"
    print(text)
    print()
    for letter, times in count_letters(text).most_common(8):
        print(f"{letter}  {'■' * times}  {times}")


if __name__ == "__main__":
    main()
