"""What a contact is: its properties, its address, and how it is written."""
